"""Old rows leave the outbox, in bounded steps, and nothing that depended on them is worse off (docs/decisions/0011)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest
from nats.js import JetStreamContext
from sqlalchemy import func, select, text, update

from libs.common import pruning
from libs.common.bus import STREAM
from libs.common.db import Database
from libs.common.forgetting import Forgetting, forget_events_of_user
from libs.common.outbox import outbox, past_event, record
from libs.common.provision import provision_stream, stream_config
from libs.common.pruning import LOCK, Pruning
from libs.common.recovery.places import Places, database_of
from libs.common.recovery.republish import republish
from libs.common.recovery.snapshot import announce_of
from libs.common.recovery.sweep import sweep
from libs.common.recovery.verify import Checker, Report
from libs.common.settings import ServiceSettings
from libs.common.tests.conftest import RefUser, Sighting
from libs.common.tests.damages import sql
from libs.common.tests.recovering import (
    DECLARED,
    SERVICE,
    copies,
    log_of,
    nobody_looks,
    people_told,
    snapshot,
    tell,
)
from libs.common.tests.test_events import until
from libs.contracts.users import UserDeleted

DAYS = 90


@pytest.fixture
def places(scratch_url: str, nats_url: str) -> Places:
    return Places({SERVICE: scratch_url}, nats_url)


async def age(database: Database, *conditions: object, days: int = DAYS + 1) -> None:
    """These rows were published so long ago."""
    async with database.transaction() as session:
        past = func.now() - timedelta(days=days)
        await session.execute(update(outbox).where(*conditions).values(published_at=past, created_at=past))  # type: ignore[arg-type]


async def counted(database: Database) -> tuple[int, int]:
    """Rows of the outbox, and events of which only the whereabouts are left."""
    async with database.reading() as session:
        whole = await session.scalar(select(func.count()).select_from(outbox))
        past = await session.scalar(select(func.count()).select_from(past_event))
    return whole or 0, past or 0


async def verified(places: Places, js: JetStreamContext, patience: float = 0) -> Report:
    return await Checker(places, js, declared=DECLARED).verify(patience=patience)


@pytest.fixture
async def people(scratch: Database, nats_url: str, stream: JetStreamContext) -> AsyncIterator[list[UUID]]:
    """Six people with three versions each: 18 events."""
    async with people_told(scratch, nats_url, stream) as (found, _):
        yield found


async def test_what_is_old_goes_and_everything_else_stays(scratch: Database, people: list[UUID]) -> None:
    old, waiting, blank, young = people[:4]
    async with scratch.transaction() as session:
        record(session, UserDeleted(id=old, version=4))
    await until(lambda: _all_published(scratch))
    await age(scratch, outbox.c.aggregate_id.in_([old, waiting, blank]))
    await age(scratch, outbox.c.aggregate_id == young, days=DAYS - 1)
    await sql(scratch, "UPDATE outbox SET forgotten_at = now() WHERE aggregate_id = :id", id=blank)
    async with scratch.transaction() as session:
        # In a transaction of its own the relay would publish it at once.
        mine = update(outbox).where(outbox.c.aggregate_id == waiting).values(published_at=None)
        await session.execute(mine)
        assert await Pruning(scratch, DAYS).prune_some() == 3
    async with scratch.reading() as session:
        kept = await session.execute(select(outbox.c.subject, outbox.c.version).where(outbox.c.aggregate_id == old))
        assert [tuple(row) for row in kept] == [("user.deleted", 4)]
        past = await session.execute(select(past_event).order_by(past_event.c.version))
        rows = past.all()
    assert [(row.aggregate_id, row.version, row.subject, row.people) for row in rows] == [
        (old, version, "user.updated", [old]) for version in (1, 2, 3)
    ]
    assert all(row.stream_seq for row in rows)


async def test_it_takes_some_at_a_time_and_one_process_does_it(
    scratch: Database, people: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "BATCH", 5)
    monkeypatch.setattr(pruning, "PAUSE_SECONDS", 0.01)
    await age(scratch)
    one = Pruning(scratch, DAYS)
    async with scratch.transaction() as session:
        assert await session.scalar(LOCK)
        assert await one.prune_some() == 0
    assert await one.prune_some() == 5
    assert await counted(scratch) == (13, 5)
    working = asyncio.create_task(one.run())
    await until(lambda: _is(scratch, (0, 18)))
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)


async def test_zero_days_keep_everything(scratch: Database, people: list[UUID]) -> None:
    await age(scratch, days=10_000)
    await asyncio.wait_for(Pruning(scratch, 0).run(), 5)
    assert await counted(scratch) == (18, 0)
    assert ServiceSettings().outbox_days == DAYS


async def test_the_checker_misses_nothing(
    scratch: Database, stream: JetStreamContext, places: Places, people: list[UUID]
) -> None:
    """Half of the events are old: no event is lost, strange or missing among its record's versions."""
    await age(scratch, outbox.c.version < 3)
    assert await Pruning(scratch, DAYS).prune_some() == 12
    assert (await verified(places, stream, 10)).violations == []
    assert await republish(places, stream, nobody_looks) == {SERVICE: 0}
    await tell(scratch, people, 4)
    assert (await verified(places, stream, 10)).violations == []


async def test_a_lost_log_is_refilled_by_archive_and_snapshot(
    scratch: Database, stream: JetStreamContext, places: Places, people: list[UUID], scratch_url: str
) -> None:
    """Of two people nothing is in the archive any more: their present state is told anew (bus notes F12)."""
    old = people[:2]
    await age(scratch, outbox.c.aggregate_id.in_(old))
    assert await Pruning(scratch, DAYS).prune_some() == 6
    before = await copies(scratch)
    await stream.delete_stream(STREAM)
    await provision_stream(stream, stream_config())

    assert await republish(places, stream, nobody_looks) == {SERVICE: 12}
    async with scratch.transaction() as session:
        await session.execute(RefUser.__table__.delete())
    run = "2026-11-20T12:00:00+00:00"
    assert await announce_of(snapshot, scratch_url, stream, nobody_looks, run=run) == 2
    await until(lambda: _all_published(scratch))
    told = {(message.event.id, message.event.version) for message in await log_of(stream) if message.event}
    assert told >= {(person, 3) for person in people}
    assert {person: state for person, state in before.items() if person in old} == {
        person: (3, f"person {person} 3") for person in old
    }


async def test_a_person_is_forgotten_whose_events_are_old(
    scratch: Database, nats_url: str, stream: JetStreamContext, places: Places
) -> None:
    """Their messages are found by what is left of the rows, and so are second copies (contract U4)."""
    async with people_told(scratch, nats_url, stream) as (people, bus):
        gone, doubled = people[:2]
        await age(scratch)
        assert await Pruning(scratch, DAYS).prune_some() == 18
        first = next(message for message in await log_of(stream) if message.event and message.event.id == doubled)
        copy = await stream.get_msg(STREAM, first.seq)
        await stream.publish(first.subject, copy.data or b"", headers={"ce-id": first.event_id})
        assert await sweep(places, stream, nobody_looks) == {SERVICE: 1}

        async with scratch.transaction() as session:
            await forget_events_of_user(UserDeleted(id=gone, version=4), session)
            await session.execute(Sighting.__table__.delete().where(Sighting.id == gone))
            await session.execute(RefUser.__table__.delete().where(RefUser.id == gone))
        forgetting = asyncio.create_task(Forgetting(scratch, bus).run())
        await until(lambda: _is(scratch, (0, 15)))
        forgetting.cancel()
        await asyncio.gather(forgetting, return_exceptions=True)
        left = [message.event.id for message in await log_of(stream) if message.event]
        assert (left.count(gone), left.count(doubled), len(left)) == (0, 3, 15)
        assert (await verified(places, stream, 10)).violations == []


async def test_a_row_that_is_marked_for_republishing_meanwhile_stays(scratch: Database, people: list[UUID]) -> None:
    """The one who marks holds the row; pruning goes past it, and finds it young afterwards."""
    await age(scratch)
    async with scratch.transaction() as session:
        await session.execute(update(outbox).where(outbox.c.version == 1).values(published_at=func.now()))
        assert await Pruning(scratch, DAYS).prune_some() == 12
    assert await counted(scratch) == (6, 12)
    assert await Pruning(scratch, DAYS).prune_some() == 0


async def test_a_batch_is_quick_among_many(scratch: Database, scratch_url: str) -> None:
    """The index finds what is old: the plan never reads the young ones."""
    many = """
    INSERT INTO outbox (event_id, partition, aggregate_type, aggregate_id, version, subject, payload, headers,
        published_at, stream_seq, people)
    SELECT gen_random_uuid(), 0, 'user', gen_random_uuid(), 1, 'user.updated', '{}', '{}',
        now() - CASE WHEN n <= 6000 THEN interval '91 days' ELSE interval '1 hour' END, n, ARRAY[gen_random_uuid()]
    FROM generate_series(1, 20000) AS n
    """
    async with database_of(scratch_url) as connection:
        await connection.execute(many)
        await connection.execute("ANALYZE outbox")
    plan = f"EXPLAIN SELECT id FROM outbox WHERE published_at < now() - interval '{DAYS} days' \
        AND forgotten_at IS NULL AND right(subject, 8) <> '.deleted' ORDER BY published_at LIMIT 5000"
    async with scratch.reading() as session:
        lines = "\n".join((await session.scalars(text(plan))).all())
    assert "ix_outbox_age" in lines and "Sort" not in lines
    one = Pruning(scratch, DAYS)
    assert [await one.prune_some(), await one.prune_some(), await one.prune_some()] == [5000, 1000, 0]


async def _all_published(database: Database) -> bool:
    async with database.reading() as session:
        return not await session.scalar(select(func.count()).where(outbox.c.published_at.is_(None)))


async def _is(database: Database, expected: tuple[int, int]) -> bool:
    return await counted(database) == expected
