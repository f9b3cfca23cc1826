"""Asking for friendship, and answering (contract S5, S6)."""

import asyncio
from uuid import UUID, uuid4

import pytest

from libs.contracts.social import FriendshipUpdated
from libs.contracts.users import UserDeleted
from services.social.handlers import forget_user
from services.social.tests.neighbors import Neighbor
from services.social.tests.story import Story


def known(id: UUID, name: str, code: str, **state) -> dict:
    """What the users service answers about a user."""
    return {
        "id": str(id),
        "version": 1,
        "username": name,
        "friend_code": code,
        "avatar": None,
        "is_staff": False,
        "is_superuser": False,
        "is_active": True,
        "location_precision": "approximate",
        "created_at": "2026-01-01T00:00:00.000000Z",
        **state,
    }


async def test_a_request_by_friend_code(story: Story) -> None:
    ada, bob = await story.player("ada"), await story.player("bob", avatar="http://testserver/media/bob.png")
    answer = await story.call(ada, "POST", "send_request/", {"friend_code": f" {bob.code.lower()} "})
    assert answer.status_code == 201
    friendship = answer.json()
    card = {"total_catches": 0, "unique_species": 0}
    assert friendship == {
        "id": friendship["id"],
        "from_user": str(ada.id),
        "from_user_details": {"id": str(ada.id), "username": "ada", "avatar": None, "friend_code": ada.code, **card},
        "to_user": str(bob.id),
        "to_user_details": {
            "id": str(bob.id),
            "username": "bob",
            "avatar": "http://testserver/media/bob.png",
            "friend_code": bob.code,
            **card,
        },
        "status": "pending",
        "created_at": friendship["created_at"],
        "updated_at": friendship["updated_at"],
    }
    assert len(friendship["created_at"]) == 27 and friendship["created_at"].endswith("Z")
    assert answer.headers["x-consistency-token"] == f"friendship/{friendship['id']}@1"
    [told] = await story.told()
    assert isinstance(told, FriendshipUpdated)
    assert (told.version, told.status, told.acting_user) == (1, "pending", ada.id)
    assert (told.from_user, told.to_user) == (ada.id, bob.id)


@pytest.mark.parametrize("path", ["", "send_request/"])
@pytest.mark.parametrize("key", ["user_id", "to_user_id", "friend_code"])
async def test_every_way_to_name_somebody(story: Story, path: str, key: str) -> None:
    ada, bob = await story.player("ada"), await story.player("bob")
    other = {"friend_code": ""} if key != "friend_code" else {"user_id": ""}
    body = {key: bob.code if key == "friend_code" else str(bob.id), **other}
    assert (await story.call(ada, "POST", path, body)).status_code == 201


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({}, "non_field_errors", "Either friend_code or user_id must be provided"),
        ({"friend_code": "", "user_id": ""}, "non_field_errors", "Either friend_code or user_id must be provided"),
        ({"friend_code": "NOBODY00"}, "friend_code", "No user found with this friend code"),
        ({"friend_code": "NOBÖDY00"}, "friend_code", "No user found with this friend code"),
        ({"friend_code": "../../.."}, "friend_code", "No user found with this friend code"),
        ({"friend_code": "SHORT"}, "friend_code", "Ensure this field has at least 8 characters."),
        ({"friend_code": "TOOLONG00"}, "friend_code", "Ensure this field has no more than 8 characters."),
        ({"user_id": str(uuid4())}, "user_id", "No user found with this ID"),
        ({"user_id": "zz"}, "user_id", "Must be a valid UUID."),
    ],
)
async def test_nobody_to_ask(story: Story, body, field: str, message: str) -> None:
    ada = await story.player("ada")
    answer = await story.call(ada, "POST", "send_request/", body)
    assert (answer.status_code, answer.json()) == (400, {field: [message], "detail": message})
    assert await story.told() == []


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        ("accepted", "Users are already friends"),
        ("pending", "Friend request already pending"),
        ("blocked", "Cannot send friend request"),
    ],
)
async def test_what_stands_in_the_way_is_told_to_both(story: Story, status: str, sentence: str) -> None:
    ada, bob = await story.player("ada"), await story.player("bob")
    await story.stand(ada, bob, status)
    for one, other in ((ada, bob), (bob, ada)):
        answer = await story.ask(one, other)
        assert (answer.status_code, answer.json()) == (400, {"error": sentence, "detail": sentence})


async def test_nobody_asks_oneself(story: Story) -> None:
    ada = await story.player("ada")
    sentence = "Cannot send friend request to yourself"
    for body in ({"user_id": str(ada.id)}, {"friend_code": ada.code}):
        answer = await story.call(ada, "POST", "", body)
        assert (answer.status_code, answer.json()) == (400, {"error": sentence, "detail": sentence})


async def test_after_a_rejection_either_side_may_ask_again(story: Story) -> None:
    ada, bob = await story.player("ada"), await story.player("bob")
    friendship = await story.stand(ada, bob, "rejected")
    answer = await story.ask(bob, ada)
    assert answer.status_code == 201
    again = answer.json()
    assert (again["id"], again["status"]) == (friendship, "pending")
    assert (again["from_user"], again["to_user"]) == (str(bob.id), str(ada.id))
    assert [fact.version for fact in await story.told()] == [1, 2, 3]
    assert (await story.respond(bob, friendship, "accept")).status_code == 403
    assert (await story.respond(ada, friendship, "accept")).status_code == 200


async def test_crossed_and_repeated_requests_make_one_row(story: Story) -> None:
    ada, bob = await story.player("ada"), await story.player("bob")
    answers = await asyncio.gather(*(story.ask(*pair) for _ in range(6) for pair in ((ada, bob), (bob, ada))))
    assert sorted(answer.status_code for answer in answers) == [201] + [400] * 11
    assert {answer.json().get("error") for answer in answers} == {None, "Friend request already pending"}
    assert (await story.get(ada, ""))["count"] == 1
    assert len(await story.told()) == 1


async def test_asking_answering_and_parting_all_at_once(story: Story) -> None:
    ada, bob = await story.player("ada"), await story.player("bob")
    friendship = await story.stand(ada, bob, "pending")
    answers = await asyncio.gather(
        *(story.respond(bob, friendship, action) for action in ("accept", "reject", "block") * 2),
        *(story.call(player, "GET", f"{other.id}/unfriend/") for player, other in ((ada, bob), (bob, ada)) * 2),
        *(story.ask(*pair) for pair in ((ada, bob), (bob, ada)) * 2),
    )
    assert all(answer.status_code < 500 for answer in answers)
    assert (await story.get(ada, ""))["count"] <= 1
    told = await story.told()
    for id in {fact.id for fact in told}:
        versions = [fact.version for fact in told if fact.id == id]
        assert versions == list(range(1, len(versions) + 1))


async def test_somebody_not_heard_of_yet(story: Story, users: Neighbor) -> None:
    ada, new, newer = await story.player("ada"), uuid4(), uuid4()
    users.answers["/internal/users/by-friend-code/NEWCOMER/"] = known(new, "new", "NEWCOMER")
    users.answers[f"/internal/users/{newer}/"] = known(newer, "newer", "NEWCOME2")
    for body, name in (({"friend_code": "newcomer"}, "new"), ({"user_id": str(newer)}, "newer")):
        answer = await story.call(ada, "POST", "", body)
        assert (answer.status_code, answer.json()["to_user_details"]["username"]) == (201, name)
        assert (await story.call(ada, "POST", "", body)).json()["error"] == "Friend request already pending"
    assert users.asked == ["/internal/users/by-friend-code/NEWCOMER/", f"/internal/users/{newer}/"]


async def test_a_caller_not_heard_of_yet(story: Story, users: Neighbor) -> None:
    bob, new = await story.player("bob"), uuid4()
    users.answers[f"/internal/users/{new}/"] = known(new, "new", "NEWCOMER")
    caller = type("Player", (), {"id": new, "headers": story.sign_in(new)})
    answer = await story.ask(caller, bob)
    assert (answer.status_code, answer.json()["from_user_details"]["username"]) == (201, "new")


async def test_codes_cannot_be_guessed(story: Story, users: Neighbor) -> None:
    ada = await story.player("ada")
    throttled = {"detail": "Request was throttled. Expected available in 60 seconds."}
    users.answers["/internal/users/by-friend-code/GUESSED0/"] = (429, throttled, {"Retry-After": "60"})
    answer = await story.call(ada, "POST", "", {"friend_code": "GUESSED0"})
    assert (answer.status_code, answer.json(), answer.headers["retry-after"]) == (429, throttled, "60")


async def test_a_silent_users_service_is_503(story: Story, users: Neighbor) -> None:
    ada = await story.player("ada")
    users.answers["/internal/users/by-friend-code/GUESSED0/"] = (500, {"detail": "Internal server error."}, {})
    assert (await story.call(ada, "POST", "", {"friend_code": "GUESSED0"})).status_code == 503


async def test_the_inactive_are_nobody(story: Story, users: Neighbor) -> None:
    ada, bob = await story.player("ada"), await story.player("bob", is_active=False)
    answer = await story.ask(ada, bob)
    assert answer.json() == {"user_id": ["No user found with this ID"], "detail": "No user found with this ID"}
    assert users.asked == []


@pytest.mark.parametrize("key", ["user_id", "friend_code"])
async def test_somebody_who_leaves_while_being_asked(story: Story, key: str) -> None:
    """The erasure comes wholly before the request or after it: no row names somebody who is gone."""
    ada, bob = await story.player("ada"), await story.player("bob")
    body = {"user_id": str(bob.id)} if key == "user_id" else {"friend_code": bob.code}
    async with story.db.transaction() as session:
        await forget_user(UserDeleted(id=bob.id, version=2), session)
        asking = asyncio.create_task(story.call(ada, "POST", "", body))
        await story.somebody_waits()
    answer = await asking
    assert (answer.status_code, list(answer.json())) == (400, [key, "detail"])
    assert await story.told() == []


@pytest.mark.parametrize(("action", "status"), [("accept", "accepted"), ("reject", "rejected"), ("block", "blocked")])
async def test_answers(story: Story, action: str, status: str) -> None:
    ada, bob = await story.player("ada"), await story.player("bob")
    friendship = await story.stand(ada, bob, "pending")
    answer = await story.respond(bob, friendship, action)
    assert answer.status_code == 200
    body = answer.json()
    assert (body["id"], body["status"], body["from_user"]) == (friendship, status, str(ada.id))
    told = (await story.told())[-1]
    assert isinstance(told, FriendshipUpdated)
    assert (told.version, told.status, told.acting_user) == (2, status, bob.id)


@pytest.mark.parametrize("before", ["accepted", "rejected", "blocked"])
async def test_only_pending_requests_are_answered_but_a_block_works_always(story: Story, before: str) -> None:
    ada, bob = await story.player("ada"), await story.player("bob")
    friendship = await story.stand(ada, bob, before)
    for action, past in (("accept", "accepted"), ("reject", "rejected")):
        sentence = f"Only pending requests can be {past}"
        answer = await story.respond(bob, friendship, action)
        assert (answer.status_code, answer.json()) == (400, {"error": sentence, "detail": sentence})
    told = len(await story.told())
    for _ in range(2):
        assert (await story.respond(bob, friendship, "block")).json()["status"] == "blocked"
    assert len(await story.told()) == told + (before != "blocked")


async def test_who_may_not_answer(story: Story) -> None:
    ada, bob, eve = [await story.player(name) for name in ("ada", "bob", "eve")]
    friendship = await story.stand(ada, bob, "pending")
    for action in ("accept", "reject", "block"):
        sentence = "Only the recipient can respond to this request"
        answer = await story.respond(ada, friendship, action)
        assert (answer.status_code, answer.json()) == (403, {"error": sentence, "detail": sentence})
        outside = await story.respond(eve, friendship, action)
        detail = "No Friendship matches the given query."
        assert (outside.status_code, outside.json()) == (404, {"detail": detail})
    assert len(await story.told()) == 1


@pytest.mark.parametrize(
    ("body", "message"),
    [({}, "This field is required."), ({"action": "zz"}, '"zz" is not a valid choice.')],
)
async def test_answers_nobody_understands(story: Story, body, message: str) -> None:
    ada, bob = await story.player("ada"), await story.player("bob")
    friendship = await story.stand(ada, bob, "pending")
    answer = await story.call(bob, "POST", f"{friendship}/respond/", body)
    assert (answer.status_code, answer.json()) == (400, {"action": [message], "detail": message})
