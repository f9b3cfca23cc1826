"""U5: one's own friend code, by both names of the path."""

import pytest

from deploy.local.player import Player
from tests.answers import Ask, body_of, refused
from tests.shapes import fits, friend_code


@pytest.mark.parametrize("path", ["/users/friend_code/", "/users/friend-code/"])
async def test_the_friend_code_is_the_players_own(ask: Ask, ada: Player, path: str) -> None:
    body = body_of(await ask(ada, "GET", path))
    fits(body, {"friend_code": friend_code, "username": str})
    assert body == {"friend_code": ada.friend_code, "username": ada.name}


@pytest.mark.parametrize("path", ["/users/friend_code/", "/users/friend-code/"])
async def test_nobody_has_none(ask: Ask, path: str) -> None:
    refused(await ask(None, "GET", path), 401, {"detail": "Authentication credentials were not provided."})
