"""S7, B9: ending what stands between two, by either id, by all three methods."""

import asyncio

import pytest

from deploy.local.player import Player
from tests.answers import Ask, Json, body_of, refused
from tests.contract.captures import befriended, requested, respond
from tests.contract.circle import Circle
from tests.mesh import NewPlayer

NOTHING = {"detail": "No Friendship matches the given query."}


def path_of(either_id: str) -> str:
    return f"/social/friendships/{either_id}/unfriend/"


async def between(ask: Ask, one: Player, other: Player) -> str | None:
    found = body_of(await ask(one, "GET", "/social/friendships/"))["results"]
    statuses = [each["status"] for each in found if other.id in (each["from_user"], each["to_user"])]
    return statuses[0] if statuses else None


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("by_friendship", [True, False], ids=["friendship id", "user id"])
async def test_by_either_id(ask: Ask, new_player: NewPlayer, method: str, by_friendship: bool) -> None:
    ada, ben = await new_player("ada"), await new_player("ben")
    friendship = await befriended(ask, ada, ben)
    path = path_of(friendship["id"] if by_friendship else ada.id)
    answer = await ask(ben, method, path)
    if method == "DELETE":
        assert (answer.status_code, answer.content) == (204, b"")
    else:
        assert body_of(answer) == {"message": "Friendship removed successfully"}
    assert answer.headers["cache-control"] == "no-store"
    assert await between(ask, ada, ben) is None
    assert body_of(await ask(ada, "GET", "/social/friendships/friends/"))["friends"] == []
    refused(await ask(ben, method, path), 404, NOTHING)


async def test_either_party_ends_what_is_pending_or_rejected(ask: Ask, new_player: NewPlayer) -> None:
    ada, ben = await new_player("ada"), await new_player("ben")
    for who in (ada, ben):
        for rejected in (False, True):
            request = await requested(ask, ada, ben)
            if rejected:
                await respond(ask, ben, request, "reject")
            assert (await ask(who, "POST", path_of(request["id"]), json={})).status_code == 200
            assert await between(ask, ada, ben) is None


async def test_only_the_blocker_ends_a_block(ask: Ask, new_player: NewPlayer) -> None:
    ada, ben = await new_player("ada"), await new_player("ben")
    blocked = await respond(ask, ben, await requested(ask, ada, ben), "block")
    for either_id in (blocked["id"], ben.id):
        refused(await ask(ada, "GET", path_of(either_id)), 404, NOTHING)
    assert await between(ask, ben, ada) == "blocked"
    answer = await ask(ada, "POST", "/social/friendships/send_request/", json={"user_id": ben.id})
    refused(answer, 400, {"error": "Cannot send friend request"})
    assert body_of(await ask(ben, "GET", path_of(ada.id)))["message"]
    assert (await requested(ask, ada, ben))["status"] == "pending"


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_outsiders_end_nothing(ask: Ask, circle: Circle, method: str) -> None:
    for either_id in (circle.friendship["id"], circle.owner.id, circle.friend.id):
        refused(await ask(circle.stranger, method, path_of(either_id)), 404, NOTHING)
    assert await between(ask, circle.owner, circle.friend) == "accepted"


@pytest.mark.parametrize(
    ("either_id", "body"),
    [("00000000-0000-4000-8000-000000000000", NOTHING), ("koala", {"detail": "Not found."})],
)
async def test_ids_of_nothing(ask: Ask, ada: Player, either_id: str, body: Json) -> None:
    refused(await ask(ada, "GET", path_of(either_id)), 404, body)


async def test_asking_by_head_ends_nothing(ask: Ask, circle: Circle) -> None:
    """A HEAD is for looking, even where the client's GET is for parting."""
    await ask(circle.owner, "HEAD", path_of(circle.friend.id))
    assert await between(ask, circle.owner, circle.friend) == "accepted"


async def test_nobody(ask: Ask, circle: Circle) -> None:
    answer = await ask(None, "GET", path_of(circle.friendship["id"]))
    refused(answer, 401, {"detail": "Authentication credentials were not provided."})


async def test_both_at_once(ask: Ask, new_player: NewPlayer) -> None:
    ada, ben = await new_player("ada"), await new_player("ben")
    await befriended(ask, ada, ben)
    answers = await asyncio.gather(*(ask(one, "GET", path_of(two.id)) for one, two in [(ada, ben), (ben, ada)] * 3))
    assert sorted(answer.status_code for answer in answers) == [200] + [404] * 5
