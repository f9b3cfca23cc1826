"""S6, B9: the recipient accepts, rejects or blocks; nobody else does."""

import asyncio

import pytest

from tests.answers import Ask, Json, body_of, refused
from tests.contract.captures import requested, respond
from tests.contract.objects_of_social import FRIENDSHIP
from tests.mesh import NewPlayer
from tests.shapes import fits


def path_of(friendship: Json) -> str:
    return f"/social/friendships/{friendship['id']}/respond/"


@pytest.mark.parametrize(("action", "status"), [("accept", "accepted"), ("reject", "rejected"), ("block", "blocked")])
async def test_the_recipient_answers(ask: Ask, new_player: NewPlayer, action: str, status: str) -> None:
    ada, ben = await new_player("ada"), await new_player("ben")
    request = await requested(ask, ada, ben)
    found = body_of(await ask(ben, "POST", path_of(request), json={"action": action}))
    fits(found, FRIENDSHIP)
    assert (found["id"], found["status"]) == (request["id"], status)
    assert found["updated_at"] > request["updated_at"]
    friends = [each["id"] for each in (await ada.get("/social/friendships/friends/"))["friends"]]
    assert friends == ([ben.id] if action == "accept" else [])
    for again, word in (("accept", "accepted"), ("reject", "rejected")):
        refusal = {"error": f"Only pending requests can be {word}"}
        refused(await ask(ben, "POST", path_of(request), json={"action": again}), 400, refusal)
    # Block works from any state, and again.
    for _ in range(2):
        assert (await respond(ask, ben, request, "block"))["status"] == "blocked"


async def test_the_sender_and_outsiders(ask: Ask, new_player: NewPlayer) -> None:
    ada, ben, eve = await new_player("ada"), await new_player("ben"), await new_player("eve")
    request = await requested(ask, ada, ben)
    for action in ("accept", "reject", "block"):
        answer = await ask(ada, "POST", path_of(request), json={"action": action})
        refused(answer, 403, {"error": "Only the recipient can respond to this request"})
        answer = await ask(eve, "POST", path_of(request), json={"action": action})
        refused(answer, 404, {"detail": "No Friendship matches the given query."})
    assert (await ada.get(f"/social/friendships/{request['id']}/"))["status"] == "pending"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "This field is required."),
        ({"action": "zz"}, '"zz" is not a valid choice.'),
        ({"action": "ACCEPT"}, '"ACCEPT" is not a valid choice.'),
        ({"action": None}, "This field may not be null."),
    ],
)
async def test_actions_that_are_none(ask: Ask, new_player: NewPlayer, body: Json, message: str) -> None:
    ada, ben = await new_player("ada"), await new_player("ben")
    request = await requested(ask, ada, ben)
    refused(await ask(ben, "POST", path_of(request), json=body), 400, {"action": [message]})
    assert (await ben.get(f"/social/friendships/{request['id']}/"))["status"] == "pending"


async def test_two_answers_at_the_same_time(ask: Ask, new_player: NewPlayer) -> None:
    ada, ben = await new_player("ada"), await new_player("ben")
    request = await requested(ask, ada, ben)
    wishes = ["accept", "reject"] * 3
    answers = await asyncio.gather(*(ask(ben, "POST", path_of(request), json={"action": wish}) for wish in wishes))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 5
    winner = next(answer.json()["status"] for answer in answers if answer.status_code == 200)
    assert (await ada.get(f"/social/friendships/{request['id']}/"))["status"] == winner
