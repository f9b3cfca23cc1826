"""Publishes the outbox: in order per record, never twice within the bus's memory, never losing one (bus notes §3).

Own code, because the libraries of today keep no order per record; the reason is docs/decisions/0002.
"""

import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from enum import Enum
from typing import Any, Final
from uuid import uuid4

import nats.errors
import nats.js.errors
import orjson
from sqlalchemy import ARRAY, BigInteger, bindparam, cast, column, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import telemetry
from libs.common.availability import is_away
from libs.common.bus import STREAM, Bus
from libs.common.db import Database
from libs.common.faults import fault
from libs.common.logs import log
from libs.common.outbox import outbox
from libs.common.values import now

BATCH: Final = 500
ATOMIC_FROM: Final = 16
PUBLISH_SECONDS: Final = 5.0
POLL_SECONDS: Final = 0.5
BUSY_SECONDS: Final = 0.02
AWAY_SECONDS: Final = 1.0
REST_FACTOR: Final = 200
LONGEST_REST: Final = 15.0
"""What waits is counted less often the longer that takes: never for more than half a percent of the time."""

LOCK = text("SELECT pg_try_advisory_xact_lock(hashtext(current_schema() || '/outbox'), :partition)")
WAITING = (
    select(outbox.c.id, outbox.c.event_id, outbox.c.subject, outbox.c.payload, outbox.c.headers)
    .where(outbox.c.published_at.is_(None), outbox.c.partition == bindparam("of"))
    .order_by(outbox.c.id)
    .limit(BATCH)
)
PARTITIONS_WAITING = select(outbox.c.partition).distinct().where(outbox.c.published_at.is_(None))
OLDEST = select(func.min(outbox.c.created_at), func.count()).where(outbox.c.published_at.is_(None))

PublishError = (nats.errors.Error, nats.js.errors.APIError, TimeoutError, OSError)


class Outcome(Enum):
    """What became of a round: the partition may hold more, or holds no more, or the bus did not take all of it."""

    MORE, DONE, REFUSED = range(3)


class Relay:
    """Runs in every process that writes; a lock per partition keeps several of them in order."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self._db = database
        self._bus = bus
        self._waiting: set[int] = set()
        self._woken = asyncio.Event()
        self._count_at = 0.0

    def wake(self, partitions: set[int]) -> None:
        """Called after a commit: these partitions have something now."""
        self._waiting |= partitions
        self._woken.set()

    async def run(self) -> None:
        """Publishes for as long as the process lives; looks by itself every half second, however busy it is.

        Another process's rows wake nobody here; and what waits is measured even while the bus is away: then it grows.
        """
        look_at = 0.0
        while True:
            try:
                if time.monotonic() >= look_at:
                    await self._look()
                    look_at = time.monotonic() + POLL_SECONDS
                if not self._bus.connected:
                    await asyncio.sleep(AWAY_SECONDS)
                    continue
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), max(0, look_at - time.monotonic()))
                await self._publish_waiting()
            except Exception as error:
                if not is_away(error):
                    raise
                log.warning("relay.waiting", error=type(error).__name__)
                await asyncio.sleep(AWAY_SECONDS)

    async def _look(self) -> None:
        async with self._db.reading() as session:
            self._waiting |= set((await session.scalars(PARTITIONS_WAITING)).all())
            if not self._waiting:
                _report(None, 0)
            elif (began := time.monotonic()) >= self._count_at:
                _report(*(await session.execute(OLDEST)).one())
                rest = REST_FACTOR * (time.monotonic() - began)
                self._count_at = time.monotonic() + min(rest, LONGEST_REST)

    async def _publish_waiting(self) -> None:
        self._woken.clear()
        partitions = list(self._waiting)
        self._waiting.clear()
        random.shuffle(partitions)
        for number, partition in enumerate(partitions):
            while (outcome := await self._publish_partition(partition)) is Outcome.MORE:
                pass
            if outcome is Outcome.REFUSED:
                # What is refused of one is refused of all, mostly; should it be this one alone, others go first soon.
                self.wake(set(partitions[number:]))
                await asyncio.sleep(AWAY_SECONDS)
                return

    async def _publish_partition(self, partition: int) -> Outcome:
        """One round."""
        async with self._db.transaction() as session:
            # The lock first, the rows in the next statement: it must see what the former holder committed.
            if not await session.scalar(LOCK, {"partition": partition}):
                self.wake({partition})
                await asyncio.sleep(BUSY_SECONDS)
                return Outcome.DONE
            rows = (await session.execute(WAITING, {"of": partition})).all()
            if not rows:
                return Outcome.DONE
            fault("relay.after_select")
            published = await self._publish(rows)
            fault("relay.after_ack_before_mark")
            await _mark(session, rows, published)
            fault("relay.after_mark_before_commit")
        if len(published) < len(rows):
            return Outcome.REFUSED
        return Outcome.MORE if len(rows) == BATCH else Outcome.DONE

    async def _publish(self, rows: Sequence[Any]) -> list[int]:
        """Stream sequences of the leading run of rows that were acknowledged: marking others would lose the order."""
        if not self._bus.connected:
            return []
        if len(rows) >= ATOMIC_FROM:
            try:
                return await self._publish_at_once(rows)
            except PublishError as error:
                # Most often: one of them is in the stream already. One by one, repeats are acknowledged as such.
                log.info("relay.one_by_one", error=type(error).__name__)
        return await self._publish_singly(rows)

    async def _publish_singly(self, rows: Sequence[Any]) -> list[int]:
        js = self._bus.js
        sequences: list[int] = []
        for row in rows:
            try:
                ack = await js.publish(
                    row.subject, row.payload, timeout=PUBLISH_SECONDS, stream=STREAM, headers=row.headers
                )
            except PublishError as error:
                log.warning("relay.refused", error=type(error).__name__, subject=row.subject)
                break
            sequences.append(ack.seq)
            fault("relay.mid_publish")
        return sequences

    async def _publish_at_once(self, rows: Sequence[Any]) -> list[int]:
        """All or nothing, with one write to disk (ADR-50 of the bus): the last message asks for the commit."""
        nc, batch, last = self._bus.nc, uuid4().hex, len(rows)
        for number, row in enumerate(rows, start=1):
            headers = {**row.headers, "Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(number)}
            if number < last:
                await nc.publish(row.subject, row.payload, headers=headers)
                fault("relay.mid_batch")
        headers["Nats-Batch-Commit"] = "1"
        answer = orjson.loads(
            (await nc.request(row.subject, row.payload, timeout=PUBLISH_SECONDS, headers=headers)).data
        )
        if "error" in answer:
            raise nats.js.errors.APIError.from_error(answer["error"])
        return list(range(answer["seq"] - last + 1, answer["seq"] + 1))


async def _mark(session: AsyncSession, rows: Sequence[Any], sequences: list[int]) -> None:
    if not sequences:
        return
    ids = [row.id for row in rows[: len(sequences)]]
    arrays = (cast(bindparam(name, numbers), ARRAY(BigInteger)) for name, numbers in (("ids", ids), ("at", sequences)))
    acked = func.unnest(*arrays).table_valued(column("id", BigInteger), column("seq", BigInteger)).render_derived()
    await session.execute(
        update(outbox).where(outbox.c.id == acked.c.id).values(published_at=now(), stream_seq=acked.c.seq)
    )
    telemetry.events_published.inc(len(ids))


def _report(oldest: datetime | None, count: int) -> None:
    telemetry.outbox_waiting.set(count)
    telemetry.outbox_age.set((now() - oldest).total_seconds() if oldest else 0)
