"""The checker finds each kind of damage, says which, and is silent when there is none."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from nats.js import JetStreamContext
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.bus import STREAM
from libs.common.db import Database
from libs.common.forgetting import Forgetting
from libs.common.outbox import dead_letter, record
from libs.common.recovery.audit import Audit, Finding, Surroundings
from libs.common.recovery.declared import Declared
from libs.common.recovery.places import Places
from libs.common.recovery.sweep import sweep
from libs.common.recovery.verify import Checker, Report
from libs.common.tests import damages
from libs.common.tests.conftest import Sighting
from libs.common.tests.damages import Damage, sql
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


@pytest.fixture
def places(scratch_url: str, nats_url: str) -> Places:
    return Places({SERVICE: scratch_url}, nats_url)


OF_NOBODY_KNOWN = (damages.a_copy_is_of_nobody, damages.the_log_is_told_to_forget)


async def verified(places: Places, js: JetStreamContext, patience: float = 0, **more: object) -> Report:
    return await Checker(places, js, **{"declared": DECLARED, **more}).verify(patience=patience)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("damage", "broken"),
    [
        (damages.an_event_leaves_the_log, {"I1"}),
        (damages.an_event_is_told_twice, {"I1", "I6"}),
        (damages.a_copy_shows_something_else, {"I2"}),
        (damages.a_copy_is_old, {"I2"}),
        (damages.a_copy_is_missing, {"I2"}),
        (damages.a_copy_is_of_nobody, {"I2"}),
        (damages.a_living_copy_is_buried, {"I2"}),
        (damages.an_event_is_set_aside, {"I4"}),
        (damages.a_record_changes_in_silence, {"I5"}),
        (damages.a_record_goes_in_silence, {"I5"}),
        (damages.a_durable_vanishes, {"I6"}),
        (damages.the_log_tells_backwards, {"I1", "I2", "I5", "I6", "I7"}),
        (damages.somebody_goes_and_is_still_told_of, {"U4"}),
        (damages.an_event_is_smuggled_in, {"I1", "I6"}),
        (damages.an_event_has_other_bytes, {"I1"}),
        (damages.a_version_was_never_told, {"I1"}),
        (damages.a_record_says_something_else, {"I5"}),
        (damages.an_event_is_blank_for_long, {"U4"}),
        (damages.the_log_is_told_to_forget, {"I1"}),
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
    if broken <= {"I1", "I2", "I5", "U4"} and damage not in OF_NOBODY_KNOWN:
        assert all(str(people[2]) in violation.sentence for violation in report.violations)


@pytest.mark.parametrize("damage", [damages.an_event_is_told_twice, damages.somebody_goes_and_is_still_told_of])
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
    assert kept.count(people[0]) == (3 if damage is damages.an_event_is_told_twice else 0)


async def test_what_waits_to_be_published_is_found(
    scratch: Database, nats_url: str, stream: JetStreamContext, places: Places
) -> None:
    """And not reported if it moves on while the checker waits."""
    async with people_told(scratch, nats_url, stream) as (people, _):
        pass
    await damages.an_event_waits(scratch, stream, people[0])
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
        expected = await verified(places, stream, 10, surroundings=Surroundings(frozenset({"poison"})))
    # Nobody wrote it, and it is set aside.
    assert [violation.invariant for violation in by_itself.violations] == ["I1", "I4"]
    assert expected.holds
    assert expected.unreadable == 1

    async with scratch.transaction() as session:
        await session.execute(dead_letter.delete())
    swallowed = await verified(places, stream, surroundings=Surroundings(frozenset({"poison"})))
    assert ["lost user.updated poison" in violation.sentence for violation in swallowed.violations] == [True]


async def test_a_service_asks_its_own_questions(
    scratch: Database, nats_url: str, stream: JetStreamContext, places: Places
) -> None:
    audit = Audit()

    @audit.asks
    async def nobody_is_seen_four_times(session: AsyncSession, _: Surroundings) -> AsyncIterator[Finding]:
        for sighting in await session.scalars(Sighting.__table__.select().where(Sighting.version == 4)):
            yield str(sighting), f"{sighting} was seen four times"

    declared = {SERVICE: Declared(SERVICE, [handlers], snapshot, audit)}
    async with people_told(scratch, nats_url, stream, count=1) as (people, _):
        assert (await verified(places, stream, 5, declared=declared)).holds
        await tell(scratch, people, 4)
        report = await verified(places, stream, 3, declared=declared)
    assert [violation.sentence for violation in report.violations] == [f"{people[0]} was seen four times"]


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
