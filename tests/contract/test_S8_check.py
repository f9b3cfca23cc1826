"""S8: how one stands to another player."""

import pytest

from deploy.local.player import Player
from tests.answers import Ask, body_of, refused
from tests.contract.captures import requested
from tests.contract.circle import Circle
from tests.contract.objects_of_social import FRIENDSHIP
from tests.mesh import NewPlayer
from tests.shapes import fits, nullable, uuid

PATH = "/social/friendships/check/"
CHECK = {"user_id": uuid, "username": str, "is_friends": bool, "pending_request": nullable(FRIENDSHIP)}


@pytest.mark.parametrize(
    ("role", "is_friends"), [("friend", True), ("ex_friend", False), ("blocked", False), ("stranger", False)]
)
async def test_how_one_stands(ask: Ask, circle: Circle, role: str, is_friends: bool) -> None:
    other = circle.player(role)
    assert other
    found = body_of(await ask(circle.owner, "GET", f"{PATH}?user_id={other.id}"))
    fits(found, CHECK)
    expected = {"user_id": other.id, "username": other.name, "is_friends": is_friends, "pending_request": None}
    assert found == expected


async def test_a_request_waits(ask: Ask, new_player: NewPlayer) -> None:
    ada, ben = await new_player("ada"), await new_player("ben")
    request = await requested(ask, ada, ben)
    for one, other in ((ada, ben), (ben, ada)):
        found = body_of(await ask(one, "GET", f"{PATH}?user_id={other.id}"))
        assert (found["is_friends"], found["pending_request"]) == (False, request)


async def test_who_is_meant(ask: Ask, ada: Player) -> None:
    for path in (PATH, f"{PATH}?user_id="):
        refused(await ask(ada, "GET", path), 400, {"error": "user_id parameter required"})
    for user_id in ("koala", "17", "00000000-0000-4000-8000-000000000000"):
        refused(await ask(ada, "GET", f"{PATH}?user_id={user_id}"), 404, {"error": "User not found"})


async def test_nobody(ask: Ask, ada: Player) -> None:
    answer = await ask(None, "GET", f"{PATH}?user_id={ada.id}")
    refused(answer, 401, {"detail": "Authentication credentials were not provided."})
