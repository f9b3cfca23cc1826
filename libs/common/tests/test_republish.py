"""The log is refilled from the outboxes: all of it, in order, each event once, and nothing of those who have gone."""

from collections import defaultdict
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from nats.js import JetStreamContext
from sqlalchemy import select, update

from libs.common.bus import STREAM
from libs.common.db import Database
from libs.common.outbox import outbox, record
from libs.common.provision import provision_handlers, provision_stream, stream_config
from libs.common.recovery.places import Places
from libs.common.recovery.republish import mark_missing, republish
from libs.common.recovery.snapshot import announce_of
from libs.common.recovery.verify import Checker
from libs.common.tests.conftest import Sighting
from libs.common.tests.recovering import (
    DECLARED,
    SERVICE,
    as_told,
    at_rest,
    copies,
    handlers,
    log_of,
    nobody_looks,
    people_told,
    snapshot,
)
from libs.common.tests.test_events import until
from libs.common.values import now


@pytest.fixture
def places(scratch_url: str, nats_url: str) -> Places:
    return Places({SERVICE: scratch_url}, nats_url)


async def sequences(database: Database) -> dict[str, int | None]:
    async with database.reading() as session:
        return {
            str(row.event_id): row.stream_seq
            for row in await session.execute(select(outbox.c.event_id, outbox.c.stream_seq))
        }


async def test_a_lost_log_is_refilled(
    scratch: Database, nats_url: str, stream: JetStreamContext, places: Places
) -> None:
    async with people_told(scratch, nats_url, stream) as (people, _):
        before, archived = await copies(scratch), await sequences(scratch)
        await stream.delete_stream(STREAM)
        # Another stream takes what happens until somebody notices.
        await provision_stream(stream, stream_config())
        await provision_handlers(stream, handlers)

        counts = await republish(places, stream, nobody_looks)

        assert counts == {SERVICE: len(people) * 3}
        await until(lambda: at_rest(scratch, stream))
        log = await log_of(stream)
        assert {message.event_id: message.seq for message in log} == await sequences(scratch)
        assert {message.event_id for message in log} == archived.keys()
        versions: dict[UUID, list[int]] = defaultdict(list)
        for message in log:
            assert message.event is not None
            versions[message.event.id].append(message.event.version)
        assert versions == {person: [1, 2, 3] for person in people}
        assert await copies(scratch) == before
        report = await Checker(places, stream, declared=DECLARED).verify(patience=10)
        assert report.violations == []


async def test_only_what_is_missing_is_published_again(
    scratch: Database, nats_url: str, stream: JetStreamContext, places: Places
) -> None:
    async with people_told(scratch, nats_url, stream):
        log = await log_of(stream)
        for lost in log[3:5]:
            await stream.delete_msg(STREAM, lost.seq)

        assert await republish(places, stream, nobody_looks) == {SERVICE: 2}
        assert await republish(places, stream, nobody_looks) == {SERVICE: 0}

        again = await log_of(stream)
        assert sorted(message.event_id for message in again) == sorted(message.event_id for message in log)
        assert {message.event_id for message in again[-2:]} == {message.event_id for message in log[3:5]}
        assert [bool(message.run) for message in again] == [False] * (len(log) - 2) + [True] * 2


async def test_republishing_may_be_interrupted(
    scratch: Database, nats_url: str, stream: JetStreamContext, places: Places, scratch_url: str
) -> None:
    def gives_up(_service: str, _doing: str, done: int, _total: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    async with people_told(scratch, nats_url, stream, count=20):
        log = await log_of(stream)
        await stream.purge_stream(STREAM)
        with pytest.raises(KeyboardInterrupt):
            await mark_missing(SERVICE, scratch_url, stream, gives_up, since=None, run="interrupted")

        await republish(places, stream, nobody_looks)

        assert {message.event_id for message in await log_of(stream)} == {message.event_id for message in log}
        assert len(await log_of(stream)) == len(log)


async def test_since_leaves_out_what_is_older(
    scratch: Database, nats_url: str, stream: JetStreamContext, places: Places
) -> None:
    async with people_told(scratch, nats_url, stream, versions=1) as (people, _):
        async with scratch.transaction() as session:
            of_one = update(outbox).where(outbox.c.aggregate_id == people[0])
            await session.execute(of_one.values(created_at=now() - timedelta(days=2)))
        await stream.purge_stream(STREAM)

        counts = await republish(places, stream, nobody_looks, since=now() - timedelta(days=1))

        assert counts == {SERVICE: len(people) - 1}
        assert people[0] not in {message.event.id for message in await log_of(stream) if message.event}


async def test_nobody_who_was_forgotten_is_published_again(
    scratch: Database, nats_url: str, stream: JetStreamContext, places: Places
) -> None:
    async with people_told(scratch, nats_url, stream, versions=1) as (people, _):
        async with scratch.transaction() as session:
            blank = update(outbox).where(outbox.c.aggregate_id == people[0])
            await session.execute(blank.values(payload=b"", headers={}, people=[], forgotten_at=now()))
        await stream.purge_stream(STREAM)

        assert await republish(places, stream, nobody_looks) == {SERVICE: len(people) - 1}


class TestSnapshot:
    async def test_every_record_is_told_once(
        self, scratch: Database, nats_url: str, stream: JetStreamContext, scratch_url: str
    ) -> None:
        async with people_told(scratch, nats_url, stream, count=3) as (people, _):
            in_the_log, in_the_outbox, nowhere = people
            async with scratch.transaction() as session:
                await session.execute(outbox.delete().where(outbox.c.aggregate_id == nowhere))
            of_the_first = {m.event_id for m in await log_of(stream) if m.event and m.event.id == in_the_log}
            kept = {m.event_id for m in await log_of(stream) if m.event and m.event.id == in_the_outbox}
            for message in await log_of(stream):
                if message.event and message.event.id != in_the_log:
                    await stream.delete_msg(STREAM, message.seq)

            told = await announce_of(snapshot, scratch_url, stream, nobody_looks, run="now")
            assert told == 2
            await until(lambda: at_rest(scratch, stream))

            log = await log_of(stream)
            news = [message for message in log if message.event_id not in of_the_first]
            assert {(m.event.id, m.event.version, m.subject) for m in news if m.event} == {
                (in_the_outbox, 3, "user.updated"),
                (nowhere, 3, "user.updated"),
            }
            by_person = {message.event.id: message for message in news if message.event}
            assert by_person[in_the_outbox].event_id in kept
            assert by_person[nowhere].event == as_told(nowhere, 3)
            assert await announce_of(snapshot, scratch_url, stream, nobody_looks, run="later") == 0

    async def test_a_later_change_goes_on_from_what_was_told(
        self, scratch: Database, nats_url: str, stream: JetStreamContext, scratch_url: str, places: Places
    ) -> None:
        """An owner whose outbox is empty, as after 90 days, and a log that was lost."""
        person = uuid4()
        async with scratch.transaction() as session:
            session.add(Sighting(id=person, version=41))
        async with people_told(scratch, nats_url, stream, count=1):
            await announce_of(snapshot, scratch_url, stream, nobody_looks, run="now")
            async with scratch.transaction() as session:
                await session.merge(Sighting(id=person, version=42))
                record(session, as_told(person, 42))

            async def arrived() -> bool:
                return (await copies(scratch)).get(person) == (42, as_told(person, 42).username)

            await until(arrived)
            report = await Checker(places, stream, declared=DECLARED).verify(patience=10)
            assert report.violations == []
