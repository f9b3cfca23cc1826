"""Publishes again what the log has lost, from the outboxes, which keep every event as the bytes that went out.

Only what the log lacks, so that it may be repeated, and so that no event lies in it twice: the outbox knows one
sequence for each, and by that the event is found again when its person goes (contract U4).
"""

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final

from nats.js import JetStreamContext
from sqlalchemy import func, select

from libs.common.bus import Bus
from libs.common.db import Database
from libs.common.ending import end
from libs.common.faults import fault
from libs.common.outbox import PARTITIONS, outbox
from libs.common.recovery.log_reader import REPUBLISHED, LogReader, new_run
from libs.common.recovery.log_table import LogTable, fill
from libs.common.recovery.places import Places, database_of
from libs.common.relay import Relay
from libs.common.values import now

LOOK_SECONDS: Final = 0.2
STUCK_SECONDS: Final = 30.0
CONNECT_SECONDS: Final = 10.0

OWN: Final = "SELECT DISTINCT subject, aggregate_type FROM outbox"
# The relays' own lock: none of them publishes half of what is being marked, or a later event of the same record first.
LOCK: Final = "SELECT pg_advisory_xact_lock(hashtext(current_schema() || '/outbox'), $1)"
# With a message id of this run: what an administrator took out of the log lately, the bus would take for a repetition.
MARK: Final = """
UPDATE outbox SET published_at = NULL, stream_seq = NULL,
    headers = headers || jsonb_build_object($4::text, $5::text, 'Nats-Msg-Id', event_id::text || '/' || $5::text)
WHERE partition = $1 AND published_at < $2 AND forgotten_at IS NULL AND ($3::timestamptz IS NULL OR created_at >= $3)
    AND NOT EXISTS (SELECT FROM told WHERE told.event_id = outbox.event_id::text)
"""

Show = Callable[[str, str, int, int], None]
"""Is told: service, what is being done, how far, of how many."""


class NotDrained(Exception):
    """The bus does not take what is in the outbox."""


async def republish(
    places: Places, js: JetStreamContext, show: Show, *, since: datetime | None = None, run: str = ""
) -> dict[str, int]:
    """For each service: has every event published again that the log does not hold; returns how many those were.

    Of each record the events go out in the order in which they were written. `since`: only those from then on.

    Raises:
        NotDrained: the bus refuses them. They stay marked, and go out as soon as it takes them.
    """
    counts = {}
    for service, url in places.databases.items():
        counts[service] = await mark_missing(service, url, js, show, since=since, run=run or new_run())
        await drain(service, url, places.bus, show)
    return counts


async def mark_missing(
    service: str, url: str, js: JetStreamContext, show: Show, *, since: datetime | None, run: str
) -> int:
    """Marks what the log lacks as not yet published; whichever relay runs will publish it."""
    started, count = now(), 0
    async with database_of(url) as connection:
        own = await connection.fetch(OWN)
        if not own:
            return 0
        table = LogTable(connection, {row["aggregate_type"] for row in own})
        await table.create()
        reader = LogReader(js, [row["subject"] for row in own])
        show(service, "comparing", 0, PARTITIONS)
        try:
            await fill(table, reader)
        finally:
            await reader.close()
        for partition in range(PARTITIONS):
            async with connection.transaction():
                await connection.execute(LOCK, partition)
                count += _rows(await connection.execute(MARK, partition, started, since, REPUBLISHED, run))
            fault("republish.after_partition")
            show(service, "comparing", partition + 1, PARTITIONS)
    return count


async def drain(service: str, url: str, bus_url: str, show: Show) -> None:
    """Publishes until nothing waits that was waiting at the beginning; services may run or not.

    Raises:
        NotDrained: nothing goes out for half a minute.
    """
    async with _relay(service, url, bus_url) as database, database.reading() as session:
        waiting = select(func.count()).where(outbox.c.published_at.is_(None))
        top = await session.scalar(select(func.max(outbox.c.id)).where(outbox.c.published_at.is_(None)))
        total = await session.scalar(waiting) or 0
        left, moved = total, asyncio.get_running_loop().time()
        while left:
            show(service, "publishing", total - left, total)
            await asyncio.sleep(LOOK_SECONDS)
            before, left = left, await session.scalar(waiting.where(outbox.c.id <= top)) or 0
            if left < before:
                moved = asyncio.get_running_loop().time()
            elif asyncio.get_running_loop().time() - moved > STUCK_SECONDS:
                raise NotDrained(f"{service}: {left} events wait, and the bus takes none of them")
        show(service, "published", total, total)


@asynccontextmanager
async def _relay(service: str, url: str, bus_url: str) -> Any:
    """A relay of our own beside those of the service, if any: a lock for each partition keeps them in order."""
    database, bus = Database(url, name=service), Bus(bus_url, name=f"recovery-{service}")
    await asyncio.wait_for(bus.connect(), CONNECT_SECONDS)
    relay = asyncio.create_task(Relay(database, bus).run())
    try:
        yield database
    finally:
        await end([relay])
        await bus.close()
        await database.close()


def _rows(tag: str) -> int:
    return int(tag.rpartition(" ")[2])


__all__ = ["NotDrained", "Show", "drain", "mark_missing", "republish"]
