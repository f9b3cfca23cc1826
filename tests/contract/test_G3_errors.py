"""G3: every error is an object with a string `detail`, and says nothing about the inside."""

import re
from typing import Any

import pytest

from deploy.local.player import Player
from tests.answers import Ask, body_of, refused

INSIDE = re.compile(r"Traceback|sqlalchemy|asyncpg|pydantic|services[./]|libs[./]|/work|/home|SELECT |INSERT ", re.I)

WRONG: list[tuple[str, str, dict[str, Any], int]] = [
    ("POST", "/users/", {"json": {"username": 5, "email": None, "password": [], "password_confirm": {}}}, 400),
    ("POST", "/users/", {"json": {"username": "a" * 151, "email": "x", "password": "1", "password_confirm": "1"}}, 400),
    ("POST", "/animals/", {"json": {"scientific_name": "", "conservation_status": "zzz"}}, 400),
    ("POST", "/animals/lookup_or_create/", {"json": {}}, 400),
    ("POST", "/dex/entries/", {"json": {"animal": "zz"}}, 400),
    ("POST", "/dex/entries/", {"json": {"animal": {"id": 1}, "visibility": 7}}, 400),
    ("PATCH", "/users/me/", {"json": {"bio": {"a": 1}, "location_precision": "zzz"}}, 400),
    ("POST", "/social/friendships/send_request/", {"json": {"friend_code": 12345678.5}}, 400),
    ("POST", "/vision/jobs/", {"json": {"conversion_id": [1]}}, 400),
    ("GET", "/users/00000000-0000-4000-8000-000000000000/", {}, 404),
    ("GET", "/users/", {}, 403),
    ("GET", "/animals/?page=1000000000000000000000", {}, 404),
    ("GET", "/dex/entries/?animal=zz", {}, 400),
    ("PUT", "/users/me/friend_code/", {}, 404),
]


@pytest.mark.parametrize(("method", "path", "sent", "status"), WRONG, ids=lambda value: str(value)[:40])
async def test_every_error_has_a_detail(
    ask: Ask, ada: Player, method: str, path: str, sent: dict[str, Any], status: int
) -> None:
    answer = await ask(ada, method, path, **sent)
    body = body_of(answer, status)
    assert isinstance(body["detail"], str)
    assert body["detail"]
    for name, value in body.items():
        if name not in ("detail", "error", "code", "messages"):
            assert isinstance(value, list), name
            assert all(isinstance(message, str) and message for message in value), name
            assert body["detail"] in [message for value in body.values() for message in value]
    assert body.get("error", body["detail"]) == body["detail"]
    assert not INSIDE.search(answer.text)


async def test_detail_is_the_first_message(ask: Ask, ada: Player) -> None:
    refused(
        await ask(ada, "POST", "/animals/", json={"scientific_name": " ", "common_name": None}),
        400,
        {"scientific_name": ["This field may not be blank."], "common_name": ["This field may not be null."]},
    )


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("scientific_name", "a" * 201, "Ensure this field has no more than 200 characters."),
        ("family", "a" * 101, "Ensure this field has no more than 100 characters."),
        ("conservation_status", "zzz", '"zzz" is not a valid choice.'),
        ("kingdom", "", "This field may not be blank."),
    ],
)
async def test_standard_messages(ask: Ask, ada: Player, field: str, value: str, message: str) -> None:
    draft = {"scientific_name": "Testudo standardis", "common_name": "Standard tortoise"} | {field: value}
    refused(await ask(ada, "POST", "/animals/", json=draft), 400, {field: [message]})


async def test_a_file_that_is_none(ask: Ask, ada: Player) -> None:
    refused(await ask(ada, "POST", "/images/convert/"), 400, {"image": ["No file was submitted."]})
