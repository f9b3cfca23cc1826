"""The projector: late, twice, out of order, in batches of any size, the outcome is the same."""

import asyncio
import random
from collections.abc import Sequence
from uuid import uuid4

import pytest
from sqlalchemy import delete, select, text

from libs.common.db import Database
from libs.contracts.animals import AnimalDeleted, AnimalUpdated
from libs.contracts.dex import DexDeleted, DexUpdated
from libs.contracts.event import Event
from libs.contracts.social import FriendshipDeleted
from libs.contracts.users import UserDeleted, UserUpdated
from services.graph.handlers import grow_trees
from services.graph.models import Base, Capture, RefUser
from services.graph.tests.story import LION, WOLF, again, animal, capture, friendship, key_of, names_seen, player, tell


async def contents(db: Database) -> dict[str, set[tuple[object, ...]]]:
    """All copies; of a deletion only that it happened, not when."""
    found = {}
    async with db.reading() as session:
        for table in Base.metadata.sorted_tables:
            if table.name != "scope_versions":
                columns = [table.c.deleted_at.is_(None), *(c for c in table.columns if c.name != "deleted_at")]
                found[table.name] = {tuple(row) for row in await session.execute(select(*columns))}
    return found


async def forget(db: Database) -> None:
    async with db.transaction() as session:
        for table in Base.metadata.sorted_tables:
            await session.execute(delete(table))


def a_long_story() -> Sequence[Event]:
    alice, bob, carol = player("alice"), player("bob"), player("carol")
    wolf, lion = animal(WOLF, created_by=alice.id), animal(LION, created_by=bob.id)
    asked, caught, gone = friendship(alice, bob, "pending"), capture(bob, wolf), capture(alice, lion)
    return [
        alice,
        bob,
        carol,
        wolf,
        lion,
        asked,
        again(asked, status="accepted"),
        caught,
        gone,
        again(caught, DexUpdated, visibility="private"),
        again(caught, DexUpdated, version=3, visibility="public", animal_id=lion.id),
        DexDeleted(id=gone.id, version=2, owner_id=alice.id),
        again(bob, UserUpdated, username="robert"),
        UserDeleted(id=carol.id, version=2),
        again(lion, AnimalUpdated, common_name="King of beasts"),
        AnimalDeleted(id=wolf.id, version=2),
        FriendshipDeleted(id=asked.id, version=3, from_user=alice.id, to_user=bob.id, acting_user=bob.id),
    ]


@pytest.mark.parametrize("seed", range(6))
async def test_order_batches_and_repetition_change_nothing(db: Database, seed: int) -> None:
    story = a_long_story()
    await tell(db, *story)
    told_in_order = await contents(db)
    await forget(db)

    chance = random.Random(seed)
    jumbled = [*story, *chance.sample(story, 6)]
    chance.shuffle(jumbled)
    while jumbled:
        size = chance.randint(1, 6)
        await tell(db, *jumbled[:size])
        del jumbled[:size]

    assert await contents(db) == told_in_order
    assert {len(rows) for rows in told_in_order.values()} == {3, 2, 1}


async def test_what_is_deleted_leaves_nothing_personal(db: Database) -> None:
    carol, lion = player("carol"), animal(LION)
    caught = capture(carol, lion)
    await tell(db, carol, lion, caught)

    await tell(db, UserDeleted(id=carol.id, version=2), DexDeleted(id=caught.id, version=2, owner_id=carol.id))

    async with db.reading() as session:
        user = await session.get_one(RefUser, carol.id)
        entry = await session.get_one(Capture, caught.id)
    assert user.deleted_at and (user.username, user.friend_code, user.is_superuser) == ("", "", False)
    assert entry.deleted_at and (entry.animal_id, entry.visibility, entry.catch_date) == (None, None, None)


async def test_a_capture_waits_for_its_animal(db: Database) -> None:
    alice, wolf = player("alice"), animal(WOLF)
    await tell(db, alice, capture(alice, wolf))
    before = await key_of(db, alice)
    assert await names_seen(db, alice) == []

    await tell(db, wolf)

    assert await names_seen(db, alice) == ["Canis lupus"]
    assert await key_of(db, alice) != before


async def test_a_friend_is_seen_when_the_name_has_arrived(db: Database) -> None:
    alice, bob, wolf = player("alice"), player("bob"), animal(WOLF)
    await tell(db, wolf, capture(bob, wolf), friendship(alice, bob))
    assert await names_seen(db, alice) == []

    await tell(db, alice, bob)

    assert await names_seen(db, alice) == ["Canis lupus"]


async def test_two_projectors_at_once_lose_nothing(db: Database) -> None:
    alice, wolf = player("alice"), animal(WOLF)
    captures = [capture(alice, wolf, days=day) for day in range(40)]

    await asyncio.gather(
        tell(db, alice, wolf, *captures[:20]), tell(db, wolf, *captures[10:30]), tell(db, *captures[15:], alice)
    )

    assert len((await contents(db))["captures"]) == 40
    assert await names_seen(db, alice) == ["Canis lupus"]


async def test_a_projector_waits_for_the_other(db: Database) -> None:
    """Else one could not see the other's animal nor the other its capture, and neither advanced the version."""
    alice, wolf = player("alice"), animal(WOLF)
    await tell(db, alice)
    waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    async with db.transaction() as first, db.reading() as watch:
        await grow_trees([wolf], first)
        second = asyncio.create_task(tell(db, capture(alice, wolf)))
        while not await watch.scalar(waiting):
            assert not second.done()
    await second

    assert await names_seen(db, alice) == ["Canis lupus"]


class TestVersions:
    """What changes an answer changes its key; what does not, leaves it."""

    async def test_a_capture_changes_the_trees_of_its_owner_and_friends(self, db: Database) -> None:
        alice, bob, eve, wolf = player("alice"), player("bob"), player("eve"), animal(WOLF)
        await tell(db, alice, bob, eve, wolf, friendship(alice, bob))
        keys = [await key_of(db, each) for each in (alice, bob, eve)]
        personal, everywhere = await key_of(db, bob, "personal"), await key_of(db, eve, "global")

        await tell(db, capture(alice, wolf))

        now = [await key_of(db, each) for each in (alice, bob, eve)]
        assert now[0] != keys[0] and now[1] != keys[1] and now[2] == keys[2]
        assert await key_of(db, bob, "personal") == personal
        assert await key_of(db, eve, "global") != everywhere

    async def test_a_friendship_changes_both_trees(self, db: Database) -> None:
        alice, bob = player("alice"), player("bob")
        await tell(db, alice, bob)
        keys = await key_of(db, alice), await key_of(db, bob)
        friends = friendship(alice, bob)
        await tell(db, friends)
        as_friends = await key_of(db, alice), await key_of(db, bob)

        await tell(db, again(friends, status="blocked"))

        blocked = await key_of(db, alice), await key_of(db, bob)
        for before, then, after in zip(keys, as_friends, blocked, strict=True):
            assert len({before, then, after}) == 3

    @pytest.mark.parametrize("caught", [True, False])
    async def test_a_renamed_animal_changes_trees_if_anybody_caught_it(self, db: Database, caught: bool) -> None:
        alice, bob, wolf = player("alice"), player("bob"), animal(WOLF)
        await tell(db, alice, wolf, *([capture(bob, wolf)] if caught else []))
        before = await key_of(db, alice)

        await tell(db, again(wolf, AnimalUpdated, common_name="Timber wolf"))

        assert (await key_of(db, alice) != before) is caught

    async def test_a_discoverers_new_name_changes_trees(self, db: Database) -> None:
        alice, stranger = player("alice"), player("stranger")
        wolf = animal(WOLF, created_by=stranger.id)
        await tell(db, alice, stranger, wolf, capture(alice, wolf))
        before = await key_of(db, alice)

        await tell(db, again(stranger, UserUpdated, username="renamed"))

        assert await key_of(db, alice) != before

    async def test_what_no_tree_shows_changes_no_tree(self, db: Database) -> None:
        alice, friend, stranger = player("alice"), player("friend"), player("stranger")
        wolf = animal(WOLF, created_by=stranger.id)
        await tell(db, alice, friend, stranger, wolf, capture(alice, wolf), friendship(alice, friend))
        before = await key_of(db, alice)

        await tell(
            db,
            again(stranger, UserUpdated, avatar="http://testserver/media/new.png"),
            again(friend, UserUpdated, location_precision="hidden"),
            again(wolf, AnimalUpdated),
            player("newcomer"),
            animal(LION),
        )

        assert await key_of(db, alice) == before

    async def test_keys_differ_between_viewers_and_modes(self, db: Database) -> None:
        alice, bob = player("alice"), player("bob")
        await tell(db, alice, bob)
        unknown = player("unknown", id=uuid4())

        keys = [await key_of(db, each, mode) for each in (alice, bob, unknown) for mode in ("personal", "friends")]

        assert len(set(keys)) == 6
