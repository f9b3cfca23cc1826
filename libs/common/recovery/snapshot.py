"""Every owner tells the present state of its records again, under its present version (bus notes §8).

For what is older than the outboxes' archive, and for consumers that have lost it. Declared in a service's
`snapshot.py`; records that are told of in the log already, in this version, are left out.

Vision tells nothing: its events are a job's history, whoever misses the end of one asks vision for the job, and an
unfinished job is told again by vision itself.
"""

import importlib
import importlib.util
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass
from typing import Any, Final

from nats.js import JetStreamContext
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.outbox import record, store
from libs.common.recovery.log_reader import REPUBLISHED, LogReader, new_run
from libs.common.recovery.log_table import LogTable, fill
from libs.common.recovery.places import Places, engine_of
from libs.common.recovery.republish import Show, drain
from libs.contracts.catalogue import EVENTS
from libs.contracts.event import Event

BATCH: Final = 500
BY_BATCHES: Final = {"yield_per": BATCH}
"""Execution options of a generator's query for whole objects: without them all are loaded at once."""

Records = Callable[[AsyncSession], AsyncIterator[Event]]

GIVEN: Final = "unnest(CAST(:records AS uuid[]), CAST(:versions AS bigint[])) AS given(record, version)"
# What is to be told, and whether the outbox has it still.
MISSING: Final = text(f"""
SELECT given.record, outbox.id IS NOT NULL AS kept
FROM {GIVEN}
LEFT JOIN outbox ON outbox.aggregate_type = :word AND outbox.aggregate_id = given.record
    AND outbox.version = given.version
WHERE NOT EXISTS (
    SELECT FROM told WHERE told.word = :word AND told.record = given.record AND told.version = given.version
)
""")
MARK: Final = text(f"""
UPDATE outbox SET published_at = NULL, stream_seq = NULL,
    headers = headers || jsonb_build_object(
        CAST(:header AS text), CAST(:run AS text), 'Nats-Msg-Id', event_id::text || '/' || CAST(:run AS text)
    )
FROM {GIVEN}
WHERE outbox.aggregate_type = :word AND outbox.aggregate_id = given.record AND outbox.version = given.version
    AND outbox.forgotten_at IS NULL
""")


@dataclass(frozen=True, slots=True)
class Part:
    """All records of one kind, and the event that tells their state.

    unlike  fields in which the state may differ from what was told last, because a change of them alone is not told
    """

    event: type[Event]
    records: Records
    unlike: frozenset[str] = frozenset()

    @property
    def is_tombstones(self) -> bool:
        return self.event.subject.endswith(".deleted")

    @property
    def subjects(self) -> list[str]:
        """The subjects by which the log tells of these records: the same state, or that it is gone."""
        fields = self.event.model_fields.keys()
        return [
            subject
            for subject, event in EVENTS.items()
            if event.word() == self.event.word()
            and (event.model_fields.keys() == fields or subject.endswith(".deleted"))
        ]


class Snapshot:
    """What one service can tell of its present records."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.parts: list[Part] = []

    def tells(self, event: type[Event], *, unlike: Collection[str] = ()) -> Callable[[Records], Records]:
        """Declares an async generator that yields every record as `event`; for `….deleted` every one that is gone."""

        def declare(records: Records) -> Records:
            self.parts.append(Part(event, records, frozenset(unlike)))
            return records

        return declare


def snapshot_of(service: str) -> Snapshot:
    """What a service declares in its `snapshot.py`; nothing for one that has none."""
    name = f"services.{service}.snapshot"
    if importlib.util.find_spec(f"services.{service}") is None or importlib.util.find_spec(name) is None:
        return Snapshot(service)
    found: Snapshot = importlib.import_module(name).snapshot
    return found


async def announce(places: Places, js: JetStreamContext, show: Show) -> dict[str, int]:
    """Has every service tell its records that the log does not; returns how many those were, by service.

    Raises:
        NotDrained: the bus refuses them.
    """
    counts, run = {}, new_run()
    for service, url in places.databases.items():
        counts[service] = await announce_of(snapshot_of(service), url, js, show, run=run)
        if counts[service]:
            await drain(service, url, places.bus, show)
    return counts


async def announce_of(snapshot: Snapshot, url: str, js: JetStreamContext, show: Show, *, run: str) -> int:
    """Writes what is missing into the outbox of the service; whichever relay runs will publish it."""
    if not snapshot.parts:
        return 0
    told = seen = 0
    async with engine_of(url) as engine, engine.connect() as writing, engine.connect() as reading:
        subjects = sorted({subject for part in snapshot.parts for subject in part.subjects})
        raw = (await writing.get_raw_connection()).driver_connection
        table, reader = LogTable(raw, {part.event.word() for part in snapshot.parts}), LogReader(js, subjects)
        await table.create()
        try:
            await fill(table, reader)
        finally:
            await reader.close()
        for part in snapshot.parts:
            async for events in _batches(part.records(AsyncSession(reading))):
                async with AsyncSession(writing, autoflush=False) as session:
                    told += await _write(session, part.event.word(), events, run)
                    await session.commit()
                seen += len(events)
                show(snapshot.service, "telling", told, seen)
    return told


async def _write(session: AsyncSession, word: str, events: list[Event], run: str) -> int:
    given: dict[str, Any] = {"word": word, "records": [e.id for e in events], "versions": [e.version for e in events]}
    missing = {row.record: row.kept for row in await session.execute(MISSING, given)}
    for event in events:
        # What the outbox still has goes out as the same event, to the letter.
        if missing.get(event.id) is False:
            record(session, event)
    await store(session)
    wanted = [event for event in events if event.id in missing]
    given |= {"records": [event.id for event in wanted], "versions": [event.version for event in wanted]}
    marked: Any = await session.execute(MARK, {**given, "header": REPUBLISHED, "run": run})
    return int(marked.rowcount)


async def _batches(events: AsyncIterator[Event]) -> AsyncIterator[list[Event]]:
    batch: list[Event] = []
    async for event in events:
        batch.append(event)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
