"""The counters follow the dex, however its events arrive (contract B13)."""

from datetime import UTC, datetime
from itertools import permutations
from uuid import UUID, uuid4

import pytest

from libs.contracts.dex import DexCreated, DexDeleted, DexUpdated
from libs.contracts.event import Picture
from services.users.handlers import count_catch, uncount_catch
from services.users.models import Catch

MAY, JUNE = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
LION, WOLF = uuid4(), uuid4()
PICTURE = Picture(url="http://testserver/media/a.png", sha256="0" * 64, width=1, height=1, created_at=MAY)


def caught(owner: UUID, animal: UUID, when: datetime, *, id: UUID | None = None, version: int = 1) -> DexCreated:
    kind = DexCreated if version == 1 else DexUpdated
    return kind(
        id=id or uuid4(),
        version=version,
        owner_id=owner,
        animal_id=animal,
        visibility="private",
        picture=PICTURE,
        catch_date=when,
        created_at=when,
        updated_at=when,
        source_vision_job=None,
    )


@pytest.fixture
def happen(db):
    async def happen(*events):
        for event in events:
            handler = uncount_catch if isinstance(event, DexDeleted) else count_catch
            async with db.transaction() as session:
                await handler(event, session)

    return happen


@pytest.fixture
def counters(client):
    async def counters(player):
        profile = (await client.get("/api/v1/users/me/", headers=player.headers)).json()["profile"]
        return profile["total_catches"], profile["unique_species"], profile["last_catch_date"]

    return counters


async def test_catches_count_for_their_owner_only(join, happen, counters):
    ada, bob = await join("Ada"), await join("Bob")
    await happen(caught(ada.id, LION, MAY), caught(ada.id, LION, JUNE), caught(ada.id, WOLF, MAY))
    assert await counters(ada) == (3, 2, "2026-06-01T00:00:00.000000Z")
    assert await counters(bob) == (0, 0, None)


async def test_an_event_twice_changes_nothing(join, happen, counters):
    ada = await join("Ada")
    event = caught(ada.id, LION, MAY)
    await happen(event, event, event)
    assert await counters(ada) == (1, 1, "2026-05-01T00:00:00.000000Z")


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_in_whatever_order_an_entry_made_changed_and_deleted_ends_as_deleted(join, happen, counters, order):
    ada, id = await join("Ada"), uuid4()
    events = [
        caught(ada.id, LION, MAY, id=id),
        caught(ada.id, WOLF, JUNE, id=id, version=2),
        DexDeleted(id=id, version=3, owner_id=ada.id),
    ]
    await happen(caught(ada.id, LION, MAY), *(events[n] for n in order))
    assert await counters(ada) == (1, 1, "2026-05-01T00:00:00.000000Z")


async def test_a_change_that_overtakes_the_creation_stands(join, happen, counters):
    ada, id = await join("Ada"), uuid4()
    await happen(caught(ada.id, WOLF, JUNE, id=id, version=2), caught(ada.id, LION, MAY, id=id))
    assert await counters(ada) == (1, 1, "2026-06-01T00:00:00.000000Z")


async def test_a_late_copy_of_an_event_does_not_bring_back_a_deleted_players_catch(join, happen, client, db):
    ada = await join("Ada")
    event = caught(ada.id, LION, MAY)
    await happen(event)
    await client.delete("/api/v1/users/me/", headers=ada.headers)
    await happen(event)
    async with db.reading() as session:
        assert (await session.get_one(Catch, event.id)).owner_id is None
