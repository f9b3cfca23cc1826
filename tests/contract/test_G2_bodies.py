"""G2: which bodies are read, and how a body that is none is refused."""

from typing import Any
from uuid import uuid4

import pytest

from deploy.local.player import Player
from tests.answers import Ask, body_of, refused

JSON = {"Content-Type": "application/json"}
NO_DICTIONARY = "Invalid data. Expected a dictionary, but got list."


@pytest.mark.parametrize("kind", ["json", "form", "multipart"])
async def test_every_write_takes_three_kinds(ask: Ask, ada: Player, kind: str) -> None:
    data = {"friend_code": ada.friend_code}
    sent: dict[str, Any] = {
        "json": {"json": data},
        "form": {"data": data},
        "multipart": {"files": {"friend_code": (None, ada.friend_code)}},
    }[kind]
    assert body_of(await ask(ada, "POST", "/users/lookup_friend_code/", **sent))["id"] == ada.id


@pytest.mark.parametrize("path", ["/auth/login/", "/users/", "/auth/refresh/"])
async def test_no_other_kind_is_taken(ask: Ask, path: str) -> None:
    answer = await ask(None, "POST", path, content=b"hello", headers={"Content-Type": "text/plain"})
    refused(answer, 415, {"detail": 'Unsupported media type "text/plain" in request.'})


@pytest.mark.parametrize("content", [b"", b"{}", b"  {} "])
async def test_an_empty_body_is_an_empty_object(ask: Ask, content: bytes) -> None:
    answer = await ask(None, "POST", "/auth/login/", content=content, headers=JSON)
    required = ["This field is required."]
    refused(answer, 400, {"username": required, "password": required})


@pytest.mark.parametrize("content", [b"{", b'{"a":}', b"\xff\xfe", b'{"username": "a"} x', b"{'a': 1}", b'{"a": NaN}'])
async def test_malformed_json(ask: Ask, content: bytes) -> None:
    body = body_of(await ask(None, "POST", "/auth/login/", content=content, headers=JSON), 400)
    assert body["detail"].startswith("JSON parse error - ")
    assert list(body) == ["detail"]


@pytest.mark.parametrize("path", ["/auth/login/", "/users/", "/animals/lookup_or_create/", "/dex/entries/batch_sync/"])
async def test_an_array_is_no_object(ask: Ask, ada: Player, path: str) -> None:
    who = None if path in ("/auth/login/", "/users/") else ada
    refused(await ask(who, "POST", path, json=[1]), 400, {"non_field_errors": [NO_DICTIONARY]})


@pytest.mark.parametrize("content", [b"1", b'"a"', b"true", b"null"])
async def test_a_scalar_is_no_object(ask: Ask, content: bytes) -> None:
    body = body_of(await ask(None, "POST", "/auth/login/", content=content, headers=JSON), 400)
    assert body["detail"].startswith("Invalid data. Expected a dictionary, but got ")
    assert body["non_field_errors"] == [body["detail"]]


async def test_strings_are_trimmed_passwords_included(ask: Ask) -> None:
    name = f"trimmed-{uuid4().hex[:8]}"
    account = {"username": f"  {name}\t", "email": f" {name}@example.com "}
    secret = {"password": "  four brown owls ", "password_confirm": "four brown owls"}
    assert body_of(await ask(None, "POST", "/users/", json=account | secret), 201)["username"] == name
    for username, password in ((name, "four brown owls"), (f" {name} ", " four brown owls  ")):
        signed_in = await ask(None, "POST", "/auth/login/", json={"username": username, "password": password})
        assert body_of(signed_in)["user"]["username"] == name


async def test_unknown_keys_and_empty_strings_disturb_nobody(ask: Ask, ada: Player) -> None:
    asked = {"scientific_name": "Bison bison", "common_name": "", "family": "", "zebra": [1, {"a": None}]}
    answer = await ask(ada, "POST", "/animals/lookup_or_create/", json=asked)
    assert body_of(answer, answer.status_code)["animal"]["scientific_name"] == "Bison bison"


@pytest.mark.parametrize("number", [90.0, 90, 0.0, 270.0])
async def test_integral_floats_are_integers(ask: Ask, ada: Player, number: float) -> None:
    """The job is not there, but nothing is said against the number."""
    asked = {"conversion_id": str(uuid4()), "post_conversion_transformations": {"rotation": number}}
    refusal = {"non_field_errors": ["Invalid conversion_id or conversion not found"]}
    refused(await ask(ada, "POST", "/vision/jobs/", json=asked), 400, refusal)


@pytest.mark.parametrize("length", [10 * 1024 * 1024 + 256 * 1024, 18 * 1024 * 1024])
async def test_a_body_that_is_too_large_is_a_json_413(ask: Ask, ada: Player, length: int) -> None:
    answer = await ask(ada, "POST", "/images/convert/", files={"image": ("image.jpg", bytes(length), "image/jpeg")})
    assert list(body_of(answer, 413)) == ["detail"]


@pytest.mark.parametrize("path", ["/auth/login/", "/users/", "/animals/lookup_or_create/"])
async def test_text_that_no_database_holds(ask: Ask, ada: Player, path: str) -> None:
    who = ada if "animals" in path else None
    for text in (rb"a\u0000b", rb"\ud800", b"a\xf0b"):
        content = b'{"username": "%s", "scientific_name": "%s"}' % (text, text)
        assert body_of(await ask(who, "POST", path, content=content, headers=JSON), 400)["detail"]
