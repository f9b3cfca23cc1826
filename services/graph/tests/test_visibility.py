"""Who sees whose captures (contract B7, B9): every relation, every visibility, every mode."""

import pytest

from libs.common.db import Database
from libs.contracts.event import Event
from libs.contracts.social import FriendshipDeleted
from libs.contracts.users import UserDeleted, UserRegistered
from services.graph.captures import caught_animals, read_captures
from services.graph.circle import circle_of
from services.graph.scope import Wish, scope_of
from services.graph.tests.story import (
    DOG,
    LION,
    WOLF,
    again,
    animal,
    capture,
    friendship,
    names_seen,
    player,
    seen_by,
    tell,
)

PRIVATE, FRIENDS, PUBLIC = "Canis lupus", "Canis familiaris", "Panthera leo"
"""What the owner caught under each visibility."""


async def catch_one_of_each(db: Database, owner: UserRegistered) -> None:
    wolf, dog, lion = animal(WOLF, index=1), animal(DOG, index=2), animal(LION, index=3)
    await tell(
        db,
        owner,
        wolf,
        dog,
        lion,
        capture(owner, wolf, "private"),
        capture(owner, dog, "friends"),
        capture(owner, lion, "public"),
    )


async def test_players_see_all_of_their_own(db: Database) -> None:
    alice = player("alice")
    await catch_one_of_each(db, alice)

    for mode in ("personal", "friends", "selected", "global"):
        assert await names_seen(db, alice, mode) == [PRIVATE, FRIENDS, PUBLIC]


def unfriended(viewer: Event, owner: Event) -> list[Event]:
    friends = friendship(viewer, owner)
    parties = {"from_user": viewer.id, "to_user": owner.id, "acting_user": owner.id}
    return [friends, FriendshipDeleted(id=friends.id, version=2, **parties)]


def turned(viewer: Event, owner: Event, status: str) -> list[Event]:
    friends = friendship(viewer, owner)
    return [friends, again(friends, status=status)]


RELATIONS = {
    "friend": lambda viewer, owner: [friendship(viewer, owner)],
    "friend who asked": lambda viewer, owner: [friendship(owner, viewer)],
    "stranger": lambda viewer, owner: [],
    "pending": lambda viewer, owner: [friendship(owner, viewer, "pending")],
    "rejected": lambda viewer, owner: turned(viewer, owner, "rejected"),
    "blocked": lambda viewer, owner: turned(viewer, owner, "blocked"),
    "ex-friend": unfriended,
    "friend who became superuser": lambda viewer, owner: [
        friendship(viewer, owner),
        again(owner, is_superuser=True),
    ],
    "friend who is gone": lambda viewer, owner: [friendship(viewer, owner), UserDeleted(id=owner.id, version=2)],
}


@pytest.mark.parametrize("relation", RELATIONS)
async def test_others_see_what_their_relation_allows(db: Database, relation: str) -> None:
    viewer, owner = player("viewer"), player("owner")
    await catch_one_of_each(db, owner)
    await tell(db, viewer, *RELATIONS[relation](viewer, owner))

    allowed = [FRIENDS, PUBLIC] if relation in ("friend", "friend who asked") else []
    assert await names_seen(db, viewer, "friends") == allowed
    assert await names_seen(db, viewer, "personal") == []
    assert await names_seen(db, viewer, "selected") == []
    gone = relation == "friend who is gone"
    assert await names_seen(db, viewer, "global") == ([] if gone else [FRIENDS, PUBLIC])
    assert bool((await seen_by(db, viewer))[0].friends) is bool(allowed)


async def test_selected_mode_takes_the_listed_friends_only(db: Database) -> None:
    alice, bob, carol, eve = (player(name) for name in ("alice", "bob", "carol", "eve"))
    wolf, dog, lion = animal(WOLF), animal(DOG), animal(LION)
    await tell(db, alice, bob, carol, eve, wolf, dog, lion, friendship(alice, bob), friendship(carol, alice))
    await tell(db, capture(bob, wolf), capture(carol, dog), capture(eve, lion, "public"))

    async with db.reading() as session:
        wish = Wish("selected", frozenset({carol.id, eve.id}))
        scope = scope_of(wish, await circle_of(session, alice.id))
        found = caught_animals(await read_captures(session, scope), scope)

    assert [each.scientific_name for each in found] == ["Canis familiaris"]
    assert scope.members == {alice.id, carol.id}


async def test_captures_are_counted_for_those_who_may_see_them(db: Database) -> None:
    alice, bob, eve, wolf = player("alice"), player("bob"), player("eve"), animal(WOLF)
    await tell(db, alice, bob, eve, wolf, friendship(alice, bob))
    await tell(db, capture(alice, wolf, "private"), capture(alice, wolf, days=1))
    await tell(db, capture(bob, wolf, "private"), capture(bob, wolf, days=3), capture(bob, wolf, "public", days=2))
    await tell(db, capture(eve, wolf, "public"), capture(eve, wolf, "private", days=1))

    (_, [for_alice]), (_, [for_bob]) = await seen_by(db, alice), await seen_by(db, bob)
    _, [everywhere] = await seen_by(db, alice, "global")

    assert (for_alice.own_captures, for_alice.friend_captures, for_alice.captures) == (2, 2, 4)
    assert (for_bob.own_captures, for_bob.friend_captures, for_bob.captures) == (3, 1, 4)
    assert [(who.username, who.captured_at.day) for who in for_alice.captors] == [("bob", 22)]
    assert (everywhere.own_captures, everywhere.friend_captures, everywhere.captures) == (2, 2, 5)
    assert [who.username for who in everywhere.captors] == ["bob"]
