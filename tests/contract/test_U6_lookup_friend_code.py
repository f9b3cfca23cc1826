"""U6: whose friend code this is."""

from typing import Any

import pytest

from deploy.local.player import Player
from tests.answers import Ask, body_of, refused
from tests.shapes import fits, nullable, url, uuid

PATHS = ("/users/lookup_friend_code/", "/users/lookup-friend-code/")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("written", [str, str.lower, " {} ".format])
async def test_the_public_face_of_its_owner(ask: Ask, ada: Player, ben: Player, path: str, written: Any) -> None:
    body = body_of(await ask(ada, "POST", path, json={"friend_code": written(ben.friend_code)}))
    fits(body, {"id": uuid, "username": str, "avatar": nullable(url)})
    assert body == {"id": ben.id, "username": ben.name, "avatar": None}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("code", "message"),
    [
        (..., "This field is required."),
        (None, "This field may not be null."),
        ("ABC1234", "Ensure this field has at least 8 characters."),
        ("ABC123456", "Ensure this field has no more than 8 characters."),
    ],
)
async def test_eight_characters(ask: Ask, ada: Player, path: str, code: Any, message: str) -> None:
    body = {} if code is ... else {"friend_code": code}
    refused(await ask(ada, "POST", path, json=body), 400, {"friend_code": [message]})


@pytest.mark.parametrize("path", PATHS)
async def test_nobodys_code(ask: Ask, ada: Player, path: str) -> None:
    answer = await ask(ada, "POST", path, json={"friend_code": "zzzzzzzz"})
    refused(answer, 404, {"error": "No user found with this friend code"})


async def test_nobody_looks_up_anybody(ask: Ask, ada: Player) -> None:
    answer = await ask(None, "POST", PATHS[0], json={"friend_code": ada.friend_code})
    refused(answer, 401, {"detail": "Authentication credentials were not provided."})
