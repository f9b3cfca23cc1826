"""S9: whatever stands between oneself and others, listed and one by one."""

import pytest

from deploy.local.player import Player
from tests.answers import Ask, body_of, refused
from tests.contract.circle import Circle
from tests.contract.objects_of_social import FRIENDSHIP
from tests.shapes import fits, page_of

ALL = "/social/friendships/"


async def test_all_that_stands(ask: Ask, circle: Circle) -> None:
    found = body_of(await ask(circle.owner, "GET", ALL))
    fits(found, page_of(FRIENDSHIP))
    others = {circle.friend.id: "accepted", circle.blocked.id: "blocked"}
    assert {
        each["from_user"] if each["to_user"] == circle.owner.id else each["to_user"]: each["status"]
        for each in found["results"]
    } == others
    one = body_of(await ask(circle.owner, "GET", f"{ALL}{circle.friendship['id']}/"))
    fits(one, FRIENDSHIP)
    assert one in found["results"]


@pytest.mark.parametrize("role", ["ex_friend", "blocked", "stranger", "staff"])
async def test_outsiders_see_no_friendship(ask: Ask, circle: Circle, role: str) -> None:
    answer = await ask(circle.player(role), "GET", f"{ALL}{circle.friendship['id']}/")
    refused(answer, 404, {"detail": "No Friendship matches the given query."})


async def test_ids_of_nothing(ask: Ask, ada: Player) -> None:
    refused(await ask(ada, "GET", f"{ALL}koala/"), 404, {"detail": "Not found."})
