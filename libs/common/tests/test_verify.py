"""The checker finds each kind of damage, says which, and is silent when there is none."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID, uuid4

import pytest
from nats.js import JetStreamContext
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.bus import STREAM
from libs.common.db import Database
from libs.common.forgetting import Forgetting
from libs.common.outbox import dead_letter, record
from libs.common.recovery.audit import Audit, Finding, Surroundings
from libs.common.recovery.places import Places
from libs.common.recovery.service_check import Declared
from libs.common.recovery.sweep import sweep
from libs.common.recovery.verify import Checker, Report
from libs.common.tests.conftest import Sighting
from libs.common.tests.recovering import (
    DECLARED,
    SERVICE,
    as_told,
    handlers,
    log_of,
    nobody_looks,
    people_told,
    snapshot,
    tell,
)

Damage = Callable[[Database, JetStreamContext, UUID], Awaitable[None]]


async def sql(database: Database, statement: str, **values: object) -> None:
    async with database.transaction() as session:
        await session.execute(text(statement), values)


async def an_event_leaves_the_log(_: Database, js: JetStreamContext, person: UUID) -> None:
    """The first of three: the newest still tells the state."""
    first = next(message for message in await log_of(js) if message.event and message.event.id == person)
    await js.delete_msg(STREAM, first.seq)


async def a_copy_shows_something_else(database: Database, _: JetStreamContext, person: UUID) -> None:
    await sql(database, "UPDATE ref_users SET username = 'somebody' WHERE id = :id", id=person)


async def a_copy_is_old(database: Database, _: JetStreamContext, person: UUID) -> None:
    await sql(database, "UPDATE ref_users SET version = 2 WHERE id = :id", id=person)


async def a_copy_is_missing(database: Database, _: JetStreamContext, person: UUID) -> None:
    await sql(database, "DELETE FROM ref_users WHERE id = :id", id=person)


async def a_copy_is_of_nobody(database: Database, _: JetStreamContext, person: UUID) -> None:
    await sql(database, "INSERT INTO ref_users (id, version) VALUES (:id, 1)", id=uuid4())


async def a_living_copy_is_buried(database: Database, _: JetStreamContext, person: UUID) -> None:
    await sql(database, "UPDATE ref_users SET deleted_at = now() WHERE id = :id", id=person)


async def an_event_is_set_aside(database: Database, _: JetStreamContext, person: UUID) -> None:
    await sql(
        database,
        "INSERT INTO dead_letter (consumer, event_id, subject, payload, headers, error, deliveries, stream_seq) "
        "VALUES ('scratch-remember-user', 'some-event', 'user.updated', '', '{}', 'no', 8, 1)",
    )


async def a_record_changes_in_silence(database: Database, _: JetStreamContext, person: UUID) -> None:
    await sql(database, "UPDATE sightings SET version = 4 WHERE id = :id", id=person)


async def a_record_goes_in_silence(database: Database, _: JetStreamContext, person: UUID) -> None:
    await sql(database, "DELETE FROM sightings WHERE id = :id", id=person)


async def a_durable_vanishes(_: Database, js: JetStreamContext, person: UUID) -> None:
    await js.delete_consumer(STREAM, "scratch-remember-user")


async def an_event_waits(database: Database, _: JetStreamContext, person: UUID) -> None:
    """Its turn never comes: somebody else publishes its partition, and hangs."""
    await sql(database, "UPDATE outbox SET published_at = NULL WHERE aggregate_id = :id AND version = 3", id=person)


async def the_log_tells_backwards(_: Database, js: JetStreamContext, person: UUID) -> None:
    """Of a record that the outbox does not know: only the order is wrong."""
    stranger = uuid4()
    for version in (2, 1):
        event = as_told(stranger, version)
        await js.publish(event.subject, event.model_dump_json().encode(), headers={"ce-id": f"{stranger}/{version}"})


async def an_event_is_told_twice(database: Database, js: JetStreamContext, person: UUID) -> None:
    """As by a relay that was away for longer than the bus remembers."""
    first = next(message for message in await log_of(js) if message.event and message.event.id == person)
    message = await js.get_msg(STREAM, first.seq)
    await js.publish(first.subject, message.data or b"", headers={"ce-id": first.event_id})


async def somebody_goes_and_is_still_told_of(database: Database, _: JetStreamContext, person: UUID) -> None:
    await sql(database, "INSERT INTO forgotten_person VALUES (:id, now() - interval '5 minutes')", id=person)


@pytest.fixture
def places(scratch_url: str, nats_url: str) -> Places:
    return Places({SERVICE: scratch_url}, nats_url)


async def verified(places: Places, js: JetStreamContext, patience: float = 0, **more: object) -> Report:
    return await Checker(places, js, **{"declared": DECLARED, **more}).verify(patience=patience)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("damage", "broken"),
    [
        (an_event_leaves_the_log, {"I1"}),
        (an_event_is_told_twice, {"I1", "I6"}),
        (a_copy_shows_something_else, {"I2"}),
        (a_copy_is_old, {"I2"}),
        (a_copy_is_missing, {"I2"}),
        (a_copy_is_of_nobody, {"I2"}),
        (a_living_copy_is_buried, {"I2"}),
        (an_event_is_set_aside, {"I4"}),
        (a_record_changes_in_silence, {"I5"}),
        (a_record_goes_in_silence, {"I5"}),
        (a_durable_vanishes, {"I6"}),
        (the_log_tells_backwards, {"I2", "I5", "I6", "I7"}),
        (somebody_goes_and_is_still_told_of, {"U4"}),
    ],
)
async def test_each_damage_is_found_and_named(
    scratch: Database, nats_url: str, stream: JetStreamContext, places: Places, damage: Damage, broken: set[str]
) -> None:
    async with people_told(scratch, nats_url, stream) as (people, _):
        whole = await verified(places, stream, 10)
        assert whole.holds
        assert whole.messages == len(people) * 3

    await damage(scratch, stream, people[2])

    report = await verified(places, stream)
    assert {violation.invariant for violation in report.violations} == broken
    if broken <= {"I1", "I2", "I5", "U4"} and damage not in (a_copy_is_of_nobody,):
        assert all(str(people[2]) in violation.sentence for violation in report.violations)


@pytest.mark.parametrize("damage", [an_event_is_told_twice, somebody_goes_and_is_still_told_of])
async def test_the_log_is_swept(
    scratch: Database, nats_url: str, stream: JetStreamContext, places: Places, damage: Damage
) -> None:
    async with people_told(scratch, nats_url, stream) as (people, bus):
        await damage(scratch, stream, people[0])
        assert not (await verified(places, stream, 2)).holds

        assert (await sweep(places, stream, nobody_looks))[SERVICE] > 0
        assert await sweep(places, stream, nobody_looks) == {SERVICE: 0}

        forgetting = asyncio.create_task(Forgetting(scratch, bus).run())
        await sql(scratch, "DELETE FROM sightings WHERE id IN (SELECT id FROM forgotten_person)")
        await sql(scratch, "DELETE FROM ref_users WHERE id IN (SELECT id FROM forgotten_person)")
        report = await verified(places, stream, 15)
        forgetting.cancel()
        await asyncio.gather(forgetting, return_exceptions=True)
    assert report.violations == []
    kept = [message.event.id for message in await log_of(stream) if message.event]
    assert kept.count(people[1]) == 3
    assert kept.count(people[0]) == (3 if damage is an_event_is_told_twice else 0)


async def test_what_waits_to_be_published_is_found(
    scratch: Database, nats_url: str, stream: JetStreamContext, places: Places
) -> None:
    """And not reported if it moves on while the checker waits."""
    async with people_told(scratch, nats_url, stream) as (people, _):
        pass
    await an_event_waits(scratch, stream, people[0])
    stuck = await verified(places, stream)
    assert [(violation.invariant, violation.where) for violation in stuck.violations] == [("I6", SERVICE)]

    async with people_told(scratch, nats_url, stream):
        await tell(scratch, people, 4)
        assert (await verified(places, stream, 15)).violations == []


async def test_a_lost_stream_is_said_to_be_lost(stream: JetStreamContext, scratch: Database, places: Places) -> None:
    await stream.delete_stream(STREAM)
    report = await verified(places, stream)
    assert ["there is no stream" in violation.sentence for violation in report.violations] == [True]


async def test_known_poison_belongs_among_the_dead_letters(
    scratch: Database, nats_url: str, stream: JetStreamContext, places: Places
) -> None:
    async with people_told(scratch, nats_url, stream):
        await stream.publish("user.updated", b'{"id": 5', headers={"ce-id": "poison"})
        by_itself = await verified(places, stream, 3)
        expected = await verified(places, stream, 10, poison=frozenset({"poison"}))
    assert [violation.invariant for violation in by_itself.violations] == ["I4"]
    assert expected.holds
    assert expected.unreadable == 1

    async with scratch.transaction() as session:
        await session.execute(dead_letter.delete())
    swallowed = await verified(places, stream, poison=frozenset({"poison"}))
    assert ["lost user.updated poison" in violation.sentence for violation in swallowed.violations] == [True]


async def test_a_service_asks_its_own_questions(
    scratch: Database, nats_url: str, stream: JetStreamContext, places: Places
) -> None:
    audit = Audit()

    @audit.asks
    async def nobody_is_seen_seven_times(session: AsyncSession, _: Surroundings) -> AsyncIterator[Finding]:
        for sighting in await session.scalars(Sighting.__table__.select().where(Sighting.version == 7)):
            yield str(sighting), f"{sighting} was seen seven times"

    declared = {SERVICE: Declared(SERVICE, [handlers], snapshot, audit)}
    async with people_told(scratch, nats_url, stream, count=1) as (people, _):
        assert (await verified(places, stream, 5, declared=declared)).holds
        await tell(scratch, people, 7)
        report = await verified(places, stream, 3, declared=declared)
    assert [violation.sentence for violation in report.violations] == [f"{people[0]} was seen seven times"]


async def test_an_event_of_a_copy_that_was_asked_for_is_not_missed(
    scratch: Database, nats_url: str, stream: JetStreamContext, places: Places
) -> None:
    """Version 0: the owner was asked once; the log need not know."""
    async with people_told(scratch, nats_url, stream, count=1):
        await sql(scratch, "INSERT INTO ref_users (id, version) VALUES (:id, 0)", id=uuid4())
        async with scratch.transaction() as session:
            session.add(Sighting(id=(person := uuid4()), version=1))
            record(session, as_told(person, 1))
        assert (await verified(places, stream, 10)).violations == []
