"""2B 46-50, 52, 53: bodies of every shape on every route that reads one."""

import gzip
import json

import pytest

from tests.answers import Ask, body_of, refused
from tests.hostile.requests.conftest import Target
from tests.hostile.requests.operations import Operation, body_with
from tests.hostile.requests.test_text import JSON, json_with
from tests.hostile.requests.verdicts import all_of, problem_of

PARSE_ERRORS = {
    "46 nested 33 deep": b'{"a": ' + b"[" * 33 + b"]" * 33 + b"}",
    "46 nested 900 deep": b'{"a": ' + b"[" * 900 + b"]" * 900 + b"}",
    "46 nested 100000 deep": b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "46 objects 50 deep": b'{"a":' * 50 + b"1" + b"}" * 50,
    "49 BOM": b"\xef\xbb\xbf{}",
    "49 UTF-16": "{}".encode("utf-16"),
    "50 no UTF-8": b'{"a": "\xff"}',
    "50 overlong": b'{"a": "\xc0\x80"}',
    "52 behind it": b"{} x",
    "52 twice": b"{}{}",
    "52 cut": b'{"a": "b',
    "52 single quotes": b"{'a': 1}",
    "52 control character": b'{"a": "\x01"}',
    "52 NUL before": b"\x00{}",
    "44 five thousand digits": b'{"a": ' + b"9" * 5000 + b"}",
    "41 NaN": b'{"a": NaN}',
    "41 infinite": b'{"a": 1e999}',
    "46 too many values": b'{"a": [' + b"0," * 200_000 + b"0]}",
}
WRONG_TYPES = {
    "52 text/plain": {"Content-Type": "text/plain"},
    "52 XML": {"Content-Type": "application/xml"},
    "49 UTF-7": {"Content-Type": "application/json; charset=utf-7"},
    "49 Latin-1": {"Content-Type": 'application/json; charset="iso-8859-1"'},
    "53 gzip": {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    "53 several": {"Content-Type": "application/json", "Content-Encoding": "identity, br"},
    "52 two types": {"Content-Type": "application/json, text/html"},
    "52 nonsense": {"Content-Type": ";;=;"},
}


def with_body(operations: list[Operation]) -> list[Operation]:
    found = [each for each in operations if each.fields]
    assert len(found) > 20
    return found


@pytest.mark.parametrize("kind", list(PARSE_ERRORS))
async def test_what_is_no_json(operations: list[Operation], target: Target, kind: str) -> None:
    """2B 41, 44, 46, 49, 50, 52: "JSON parse error", on every route."""

    async def one(operation: Operation) -> str:
        path = operation.at(target.ids)
        answer = await target.ask(
            target.player, operation.method, path, content=PARSE_ERRORS[kind], headers={"Content-Type": JSON_TYPE}
        )
        about = f"{kind} at {operation}"
        if answer.status_code == 400 and not answer.json()["detail"].startswith("JSON parse error - "):
            return f"{about}: {answer.text[:100]}"
        return problem_of(answer, about, {400})

    assert not await all_of(one(each) for each in with_body(operations))


JSON_TYPE = "application/json"


@pytest.mark.parametrize("content", [b"null", b"[]", b'"x"', b"1", b"true", b"[{}]"])
async def test_what_is_no_object(operations: list[Operation], target: Target, content: bytes) -> None:
    """2B 52: the contract's sentence (G2), on every route."""

    async def one(operation: Operation) -> str:
        answer = await target.ask(
            target.player, operation.method, operation.at(target.ids), content=content, headers=JSON
        )
        is_right = answer.status_code == 400 and "Expected a dictionary" in answer.json()["non_field_errors"][0]
        return "" if is_right else f"{operation}: {answer.status_code} {answer.text[:100]}"

    assert not await all_of(one(each) for each in with_body(operations))


@pytest.mark.parametrize("kind", list(WRONG_TYPES))
async def test_what_is_not_read(operations: list[Operation], target: Target, kind: str) -> None:
    """2B 49, 52, 53: 415, before anything of the body is looked at; a bomb in gzip stays shut."""
    content = gzip.compress(b"{" + b" " * 5_000_000 + b"}") if kind == "53 gzip" else b"{}"

    async def one(operation: Operation) -> str:
        answer = await target.ask(
            target.player, operation.method, operation.at(target.ids), content=content, headers=WRONG_TYPES[kind]
        )
        return problem_of(answer, f"{kind} at {operation}", {415})

    assert not await all_of(one(each) for each in with_body(operations))


@pytest.mark.parametrize("charset", ["utf-8", '"UTF-8"', "us-ascii"])
async def test_utf_8_by_any_name(ask: Ask, charset: str) -> None:
    """2B 49, contract G2."""
    headers = {"Content-Type": f"Application/JSON; charset={charset}"}
    answer = await ask(None, "POST", "/auth/login/", content=b"{}", headers=headers)
    refused(answer, 400, {key: ["This field is required."] for key in ("username", "password")})


async def test_of_a_key_that_comes_twice_the_last_counts(target: Target) -> None:
    """2B 47: in all three kinds of bodies alike; the gateway reads none of them."""
    for content, kind in (
        (b'{"bio": "first", "bio": "last"}', "application/json"),
        (b"bio=first&bio=last", "application/x-www-form-urlencoded"),
        (
            b'--b\r\nContent-Disposition: form-data; name="bio"\r\n\r\nfirst\r\n'
            b'--b\r\nContent-Disposition: form-data; name="bio"\r\n\r\nlast\r\n--b--\r\n',
            "multipart/form-data; boundary=b",
        ),
    ):
        for name in ("", "first"):
            await target.ask(target.player, "PATCH", "/users/me/", json={"bio": name})
            answer = await target.ask(
                target.player, "PATCH", "/users/me/", content=content, headers={"Content-Type": kind}
            )
            assert body_of(answer)["bio"] == "last", kind


async def test_unknown_fields_are_never_kept(operations: list[Operation], target: Target) -> None:
    """2B 48: ignored (contract G2), on every route; the answer does not know them either."""

    async def one(operation: Operation) -> str:
        body = body_with(operation, target.ids) | {"zebra_crossing": 1, "__proto__": {"a": 1}, "id": "0"}
        answer = await target.ask(target.player, operation.method, operation.at(target.ids), json=body)
        return problem_of(answer, str(operation)) or ("zebra_crossing" in answer.text and f"{operation}: kept") or ""

    assert not await all_of(one(each) for each in with_body(operations))
    assert "zebra_crossing" not in json.dumps(await target.state())


async def test_json_within_forms_has_the_same_measure(operations: list[Operation], target: Target) -> None:
    """2B 46: text of a form that is read as JSON is no way round the limit of depth."""
    deep = "[" * 40 + "]" * 40
    for field, path in (
        ("customizations", f"/dex/entries/{target.ids['entry_id']}/"),
        ("interesting_facts", f"/animals/{target.ids['animal_id']}/"),
    ):
        for text in (deep, "[" * 2000, '{"a": ' + deep + "}"):
            answer = await target.ask(target.player, "PATCH", path, data={field: text})
            assert body_of(answer, 400)[field] == ["Value must be valid JSON."]
    for field in ("transformations", "post_conversion_transformations"):
        values = {"conversion_id": target.ids["conversion_id"], field: f'{{"crop": {deep}}}'}
        answer = await target.ask(target.player, "POST", "/vision/jobs/", data=values)
        assert answer.status_code == 400 or field == "transformations", "of a conversion's job they are not read"


async def test_a_flood_of_values_holds_up_nobody(target: Target, operations: list[Operation]) -> None:
    """2B 45, 46: what is taken at all is looked through quickly; a megabyte of text is the most."""
    (validate,) = [each for each in operations if each.path == "/taxonomy/validate/"]
    content = json_with(validate, target, "common_name", b"[" + b"{}," * 90_000 + b"{}]")
    assert body_of(await target.ask(None, "POST", "/taxonomy/validate/", content=content, headers=JSON), 400)
    content = b" " * (1024 * 1024 + 1)
    for headers in (JSON, {"Content-Type": "application/x-www-form-urlencoded"}):
        answer = await target.ask(None, "POST", "/taxonomy/validate/", content=content, headers=headers)
        refused(answer, 413, {"detail": "Request body too large."})
