"""S5: asking for friendship, by code or id, by both paths; and every way in which it is refused."""

import asyncio

import pytest

from deploy.local.player import Player
from tests.answers import Ask, Json, body_of, refused
from tests.contract.captures import befriended, requested, respond
from tests.contract.circle import Circle
from tests.contract.objects_of_social import FRIENDSHIP
from tests.mesh import NewPlayer
from tests.shapes import fits

PATHS = ["/social/friendships/send_request/", "/social/friendships/"]
PATH = PATHS[0]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("key", ["friend_code", "user_id", "to_user_id"])
async def test_by_whatever_name(ask: Ask, new_player: NewPlayer, path: str, key: str) -> None:
    ada, ben = await new_player("ada"), await new_player("ben")
    body = {key: ben.friend_code.lower() if key == "friend_code" else ben.id}
    found = body_of(await ask(ada, "POST", path, json=body), 201)
    fits(found, FRIENDSHIP)
    assert (found["from_user"], found["to_user"], found["status"]) == (ada.id, ben.id, "pending")
    assert found["from_user_details"]["id"] == ada.id
    assert found["to_user_details"]["username"] == ben.name


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({}, {"non_field_errors": ["Either friend_code or user_id must be provided"]}),
        ({"friend_code": "ZZZZZZZZ"}, {"friend_code": ["No user found with this friend code"]}),
        ({"friend_code": "ABC"}, {"friend_code": ["Ensure this field has at least 8 characters."]}),
        ({"friend_code": "ABCDEFGHI"}, {"friend_code": ["Ensure this field has no more than 8 characters."]}),
        (
            {"user_id": "00000000-0000-4000-8000-000000000000"},
            {"user_id": ["No user found with this ID"]},
        ),
    ],
)
async def test_nobody_like_that(ask: Ask, ada: Player, body: Json, refusal: Json) -> None:
    refused(await ask(ada, "POST", PATH, json=body), 400, refusal)


async def test_an_id_that_is_none(ask: Ask, ada: Player) -> None:
    body = body_of(await ask(ada, "POST", PATH, json={"user_id": "koala"}), 400)
    assert body["detail"] == body["user_id"][0]


async def test_oneself(ask: Ask, ada: Player) -> None:
    for body in ({"user_id": ada.id}, {"friend_code": ada.friend_code}):
        refused(await ask(ada, "POST", PATH, json=body), 400, {"error": "Cannot send friend request to yourself"})


async def test_friends_already(ask: Ask, circle: Circle) -> None:
    for one, other in ((circle.owner, circle.friend), (circle.friend, circle.owner)):
        answer = await ask(one, "POST", PATH, json={"user_id": other.id})
        refused(answer, 400, {"error": "Users are already friends"})


async def test_blocked_in_either_direction(ask: Ask, circle: Circle) -> None:
    for one, other in ((circle.owner, circle.blocked), (circle.blocked, circle.owner)):
        answer = await ask(one, "POST", PATH, json={"friend_code": other.friend_code})
        refused(answer, 400, {"error": "Cannot send friend request"})


async def test_pending_in_either_direction(ask: Ask, new_player: NewPlayer) -> None:
    """A crossed request is not an acceptance (contract B9)."""
    ada, ben = await new_player("ada"), await new_player("ben")
    request = await requested(ask, ada, ben)
    for one, other in ((ada, ben), (ben, ada)):
        answer = await ask(one, "POST", PATH, json={"user_id": other.id})
        refused(answer, 400, {"error": "Friend request already pending"})
    assert (await ada.get(f"/social/friendships/{request['id']}/"))["status"] == "pending"


async def test_after_a_rejection_either_side_asks_again(ask: Ask, new_player: NewPlayer) -> None:
    """The row is the same; sender and recipient are the new ones."""
    ada, ben = await new_player("ada"), await new_player("ben")
    first = await respond(ask, ben, await requested(ask, ada, ben), "reject")
    assert first["status"] == "rejected"
    again = await requested(ask, ben, ada)
    assert (again["id"], again["status"]) == (first["id"], "pending")
    assert (again["from_user"], again["to_user"]) == (ben.id, ada.id)
    assert (await respond(ask, ada, again, "reject"))["status"] == "rejected"
    once_more = await requested(ask, ben, ada)
    assert once_more["id"] == first["id"]


async def test_requests_that_cross_make_one_row(ask: Ask, new_player: NewPlayer) -> None:
    ada, ben = await new_player("ada"), await new_player("ben")
    asked = [(ada, ben), (ben, ada)] * 4
    answers = await asyncio.gather(*(ask(one, "POST", PATH, json={"user_id": two.id}) for one, two in asked))
    assert sorted(answer.status_code for answer in answers) == [201] + [400] * 7
    for answer in answers:
        if answer.status_code == 400:
            refused(answer, 400, {"error": "Friend request already pending"})
    assert (await ada.get("/social/friendships/"))["count"] == 1


async def test_after_an_end_it_begins_anew(ask: Ask, new_player: NewPlayer) -> None:
    ada, ben = await new_player("ada"), await new_player("ben")
    await befriended(ask, ada, ben)
    await ask(ada, "GET", f"/social/friendships/{ben.id}/unfriend/")
    assert (await requested(ask, ben, ada))["status"] == "pending"


async def test_nobody_asks(ask: Ask, ada: Player) -> None:
    for path in PATHS:
        answer = await ask(None, "POST", path, json={"user_id": ada.id})
        refused(answer, 401, {"detail": "Authentication credentials were not provided."})
