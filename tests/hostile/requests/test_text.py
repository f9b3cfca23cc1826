"""2B 38-40, 45, 51: text that no database holds, of no measure, or of the wrong kind, in every field of every route."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.hostile.requests.conftest import Target
from tests.hostile.requests.operations import Operation, body_with
from tests.hostile.requests.verdicts import REFUSALS, all_of, problem_of

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
MULTIPART = {"Content-Type": "multipart/form-data; boundary=b"}
HUGE = 5 * 1024 * 1024

ODD = {
    "all at once": "a\u202eb\u200bc<script>'; DROP TABLE users; --%_\\🦉e\u0301{{7*7}}${x}%s%n\ufffe\r\nX: y",
    "eleven thousand": "x" * 11_000,
    "blank": "   ",
}


def json_with(operation: Operation, target: Target, field: str, raw: bytes) -> bytes:
    """A JSON body in which a field has this very text for a value."""
    whole = json.dumps(body_with(operation, target.ids, **{field: "@@"})).encode()
    return whole.replace(b'"@@"', raw)


def multipart_of(values: dict[str, Any], field: str, raw: bytes) -> bytes:
    parts = {name: str(value).encode() for name, value in values.items()} | {field: raw}
    head = b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    return b"".join(head % (name.encode(), value) for name, value in parts.items()) + b"--b--\r\n"


def text_fields(operations: list[Operation]) -> list[tuple[Operation, str]]:
    found = [
        (operation, field)
        for operation in operations
        for field, kinds in operation.fields.items()
        if kinds & {"string", "any", "object", "array"} and "file" not in kinds
    ]
    assert len(found) > 60
    return found


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("38 NUL", rb'"a\u0000b"'),
        ("39 NUL in a value", rb'{"a": ["\u0000"]}'),
        ("39 NUL in a key", rb'{"\u0000": 1}'),
        ("40 lone surrogate", rb'"\ud800"'),
        ("40 lone surrogate in a value", rb'{"a": "\udfff"}'),
        ("45 five megabytes", b'"' + b"x" * HUGE + b'"'),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_in_json(operations: list[Operation], target: Target, kind: str, raw: bytes) -> None:
    """2B 38, 39, 40, 45: refused in every field, and nothing of it is kept."""
    before = await target.state()

    async def one(operation: Operation, field: str) -> str:
        content = json_with(operation, target, field, raw)
        answer = await target.ask(
            target.player, operation.method, operation.at(target.ids), content=content, headers=JSON
        )
        return problem_of(answer, f"{kind} in {field} of {operation}", REFUSALS)

    assert not await all_of(one(*each) for each in text_fields(operations))
    assert await target.state() == before


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("38 NUL", b"a\x00b"),
        ("39 NUL within JSON", rb'{"a": ["\u0000"]}'),
        ("40 lone surrogate", b"a\xed\xa0\x80b"),
        ("50 no UTF-8", b"a\xffb"),
        ("50 overlong", b"a\xc0\x80b"),
        ("45 two megabytes", b"x" * 2 * 1024 * 1024),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_in_forms(operations: list[Operation], target: Target, kind: str, raw: bytes) -> None:
    """2B 38, 39, 40, 45, 50, 86: the same in both kinds of forms."""
    before = await target.state()

    async def one(operation: Operation, field: str, headers: dict[str, str]) -> str:
        values = body_with(operation, target.ids)
        if headers is FORM:
            pairs = {name: quote(str(value)) for name, value in values.items()} | {field: quote(raw)}
            content = "&".join(f"{name}={value}" for name, value in pairs.items()).encode()
        else:
            content = multipart_of(values, field, raw)
        answer = await target.ask(
            target.player, operation.method, operation.at(target.ids), content=content, headers=headers
        )
        # Escaped, the NUL is plain text to a field that is no JSON.
        allowed = REFUSALS if b"u0000" not in raw or field in WRITES_JSON else ()
        return problem_of(answer, f"{kind} in {field} of {operation}", allowed)

    questions = [
        (operation, field, headers) for operation, field in text_fields(operations) for headers in (FORM, MULTIPART)
    ]
    assert not await all_of(one(*each) for each in questions)
    if "JSON" not in kind:
        assert await target.state() == before


WRITES_JSON = {"customizations", "interesting_facts"}


@pytest.mark.parametrize("odd", list(ODD))
async def test_odd_but_harmless(operations: list[Operation], target: Target, odd: str) -> None:
    """2B 45, 56: text that is text is taken or refused, and where it is taken it comes back as it was."""

    async def one(operation: Operation, field: str) -> str:
        answer = await target.ask(
            target.player,
            operation.method,
            operation.at(target.ids),
            json=body_with(operation, target.ids, **{field: ODD[odd]}),
        )
        about = f"{odd} in {field} of {operation}"
        found = problem_of(answer, about)
        if not found and answer.status_code == 200 and operation.method in ("PUT", "PATCH"):
            kept = answer.json().get(field)
            if field in ("notes", "bio", "description", "habitat") and kept != ODD[odd].strip():
                found = f"{about}: kept as {kept!r:.100}"
        return found

    assert not await all_of(one(*each) for each in text_fields(operations))


@pytest.mark.parametrize("wrong", [None, True, 12.5, [[]], {"a": 1}], ids=str)
async def test_values_of_another_kind(operations: list[Operation], target: Target, wrong: Any) -> None:
    """2B 51, 52: any kind of value in any field is taken or refused by name, never a failure."""

    async def one(operation: Operation, field: str) -> str:
        body = body_with(operation, target.ids, **{field: wrong})
        answer = await target.ask(target.player, operation.method, operation.at(target.ids), json=body)
        return problem_of(answer, f"{wrong!r} in {field} of {operation}")

    questions = [(operation, field) for operation in operations for field in operation.fields]
    assert not await all_of(one(*each) for each in questions)
