"""Who is friends with whom, and how it ends (contract S2–S4, S7–S9)."""

import asyncio
from uuid import uuid4

import pytest

from libs.contracts.social import FriendshipDeleted
from services.social.tests.neighbors import Neighbor
from services.social.tests.story import Story, caught
from services.social.tests.test_requests import known

NO_FRIENDSHIP = {"detail": "No Friendship matches the given query."}


async def test_friend_cards(story: Story) -> None:
    ada, bob = await story.player("ada"), await story.player("bob", avatar="http://testserver/media/bob.png")
    friendship = await story.stand(ada, bob)
    fox, wolf = uuid4(), uuid4()
    await story.happened(*(caught(bob.id, animal) for animal in (fox, fox, wolf)), caught(ada.id, fox))
    assert await story.get(ada, "friends/") == {
        "count": 1,
        "friends": [
            {
                "id": str(bob.id),
                "username": "bob",
                "avatar": "http://testserver/media/bob.png",
                "friend_code": bob.code,
                "total_catches": 3,
                "unique_species": 2,
                "friendship_id": friendship,
            }
        ],
    }
    [card] = (await story.get(bob, "friends/"))["friends"]
    assert (card["username"], card["total_catches"], card["unique_species"]) == ("ada", 1, 1)


async def test_friends_is_one_statement_however_many_there_are(story: Story, statements) -> None:
    ada = await story.player("ada")
    counts = []
    for number in range(6):
        bob = await story.player(f"friend{5 - number}")
        await story.stand(*((ada, bob) if number % 2 else (bob, ada)))
        await story.happened(caught(bob.id, uuid4()))
        with statements() as seen:
            found = await story.get(ada, "friends/")
        counts.append(len(seen))
    assert counts == [1] * 6
    assert [card["username"] for card in found["friends"]] == [f"friend{number}" for number in range(6)]


async def test_lists_of_requests(story: Story, statements) -> None:
    ada, bob, eve = [await story.player(name) for name in ("ada", "bob", "eve")]
    first, second = await story.stand(bob, ada, "pending"), await story.stand(eve, ada, "pending")
    await story.happened(caught(bob.id, uuid4()))
    with statements() as seen:
        pending = await story.get(ada, "pending/")
    assert len(seen) == 1
    assert (pending["count"], [item["id"] for item in pending["requests"]]) == (2, [second, first])
    details = pending["requests"][1]["from_user_details"]
    assert (details["username"], details["total_catches"]) == ("bob", 1)
    assert await story.get(ada, "sent/") == {"count": 0, "requests": []}
    sent = await story.get(bob, "sent/")
    assert [item["to_user_details"]["username"] for item in sent["requests"]] == ["ada"]
    assert (await story.get(bob, "pending/"))["count"] == 0


@pytest.mark.parametrize("status", ["pending", "rejected", "blocked"])
async def test_only_the_accepted_are_friends(story: Story, status: str) -> None:
    ada, bob = await story.player("ada"), await story.player("bob")
    await story.stand(ada, bob, status)
    for player in (ada, bob):
        assert await story.get(player, "friends/") == {"count": 0, "friends": []}


async def test_superusers_are_left_out(story: Story) -> None:
    ada, root, boss = (
        await story.player("ada"),
        *[await story.player(name, is_superuser=True) for name in ("root", "boss")],
    )
    await story.stand(ada, root)
    await story.stand(boss, ada, "pending")
    assert (await story.get(ada, "friends/"))["count"] == 0
    assert (await story.get(ada, "pending/"))["count"] == 0


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("named", ["friendship", "other"])
@pytest.mark.parametrize("by", ["sender", "recipient"])
@pytest.mark.parametrize("status", ["accepted", "pending", "rejected"])
async def test_either_ends_it_by_either_id(story: Story, method: str, named: str, by: str, status: str) -> None:
    ada, bob = await story.player("ada"), await story.player("bob")
    friendship = await story.stand(ada, bob, status)
    player, other = (ada, bob) if by == "sender" else (bob, ada)
    path = f"{friendship if named == 'friendship' else other.id}/unfriend/"
    answer = await story.call(player, method, path)
    if method == "DELETE":
        assert (answer.status_code, answer.content) == (204, b"")
    else:
        assert (answer.status_code, answer.json()) == (200, {"message": "Friendship removed successfully"})
    assert answer.headers["cache-control"] == "no-store"
    told = (await story.told())[-1]
    assert isinstance(told, FriendshipDeleted)
    assert (told.version, told.acting_user) == (3 if status != "pending" else 2, player.id)
    assert answer.headers["x-consistency-token"] == f"friendship/{friendship}@{told.version}"
    again = await story.call(player, method, path)
    assert (again.status_code, again.json()) == (404, NO_FRIENDSHIP)
    assert (await story.ask(bob, ada)).status_code == 201


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_a_block_ends_only_by_who_made_it(story: Story, method: str) -> None:
    ada, bob = await story.player("ada"), await story.player("bob")
    friendship = await story.stand(ada, bob, "blocked")
    for id in (friendship, bob.id):
        answer = await story.call(ada, method, f"{id}/unfriend/")
        assert (answer.status_code, answer.json()) == (404, NO_FRIENDSHIP)
    assert (await story.ask(ada, bob)).json()["error"] == "Cannot send friend request"
    assert (await story.call(bob, method, f"{ada.id}/unfriend/")).status_code < 300
    assert (await story.ask(ada, bob)).status_code == 201


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_others_end_nothing(story: Story, method: str) -> None:
    ada, bob, eve = [await story.player(name) for name in ("ada", "bob", "eve")]
    friendship = await story.stand(ada, bob)
    for player, id in ((eve, friendship), (eve, ada.id), (ada, ada.id), (ada, uuid4())):
        answer = await story.call(player, method, f"{id}/unfriend/")
        assert (answer.status_code, answer.json()) == (404, NO_FRIENDSHIP)
    answer = await story.call(ada, method, "zz/unfriend/")
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not found."})
    assert (await story.get(ada, "friends/"))["count"] == 1


async def test_ending_it_twice_at_once_tells_it_once(story: Story) -> None:
    ada, bob = await story.player("ada"), await story.player("bob")
    await story.stand(ada, bob)
    answers = await asyncio.gather(*(story.call(ada, "GET", f"{bob.id}/unfriend/") for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] + [404] * 5
    assert len([fact for fact in await story.told() if isinstance(fact, FriendshipDeleted)]) == 1


async def test_check(story: Story, users: Neighbor) -> None:
    ada, bob, new = await story.player("ada"), await story.player("bob"), uuid4()
    users.answers[f"/internal/users/{new}/"] = known(new, "new", "NEWCOMER")
    path = f"check/?user_id={bob.id}"
    strangers = {"user_id": str(bob.id), "username": "bob", "is_friends": False, "pending_request": None}
    assert await story.get(ada, path) == strangers
    friendship = await story.stand(bob, ada, "pending")
    assert (await story.get(ada, path))["pending_request"]["id"] == friendship
    await story.respond(ada, friendship, "accept")
    assert await story.get(ada, path) == {**strangers, "is_friends": True}
    assert (await story.get(ada, f"check/?user_id={new}"))["username"] == "new"
    missing = "user_id parameter required"
    assert await story.get(ada, "check/", 400) == {"error": missing, "detail": missing}
    for id in (uuid4(), "zz"):
        not_found = {"error": "User not found", "detail": "User not found"}
        assert await story.get(ada, f"check/?user_id={id}", 404) == not_found


async def test_ones_own_rows(story: Story, statements) -> None:
    ada, bob, eve = [await story.player(name) for name in ("ada", "bob", "eve")]
    friendship, other = await story.stand(ada, bob), await story.stand(bob, eve)
    with statements() as seen:
        page = await story.get(ada, "")
    assert len(seen) == 1
    assert (page["count"], page["next"], [item["id"] for item in page["results"]]) == (1, None, [friendship])
    assert (await story.get(ada, f"{friendship}/"))["status"] == "accepted"
    assert await story.get(ada, f"{other}/", 404) == NO_FRIENDSHIP
    assert await story.get(ada, "zz/", 404) == {"detail": "Not found."}


async def test_without_a_token_there_is_nothing(story: Story) -> None:
    nobody = type("Player", (), {"headers": {}})
    for path in ("", "friends/", "pending/", f"{uuid4()}/unfriend/"):
        assert (await story.call(nobody, "GET", path)).status_code == 401
