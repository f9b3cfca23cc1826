"""The log forgets a person: their events leave the outbox and the stream, tombstones of ids alone stay (contract U4).

Each service forgets what it published itself: only it knows the stream sequences. An event that is still on its way
when its person goes is found by a later round.
"""

import asyncio
from datetime import timedelta
from typing import Any, Final

import nats.errors
import nats.js.errors
from sqlalchemy import ARRAY, ColumnElement, Table, Uuid, cast, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.bus import STREAM, Bus
from libs.common.db import Database
from libs.common.logs import log
from libs.common.outbox import dead_letter, forgotten_person, outbox, past_event
from libs.common.values import now
from libs.contracts.users import UserDeleted

ROUND_SECONDS: Final = 5.0
AT_ONCE: Final = 200
STRAGGLERS: Final = timedelta(days=1)
"""How long events of a person who has gone are looked for."""
LOCK = text("SELECT pg_try_advisory_xact_lock(hashtext(current_schema() || '/forgetting'))")


async def forget_events_of_user(event: UserDeleted, session: AsyncSession) -> None:
    """Blanks what this service has told about a person; their name stands nowhere in its outbox any more."""
    await session.execute(insert(forgotten_person).values(id=event.id).on_conflict_do_nothing())
    payload = func.encode(dead_letter.c.payload, "escape")
    await session.execute(delete(dead_letter).where(payload.contains(str(event.id))))
    await _blank(session)


async def _blank(session: AsyncSession) -> None:
    # Only what has been published: the relay may be about to publish the others.
    await session.execute(
        update(outbox)
        .where(_names_somebody_gone(outbox), outbox.c.published_at.is_not(None))
        .values(payload=b"", headers={}, people=[], forgotten_at=now())
    )


def _names_somebody_gone(table: Table) -> ColumnElement[bool]:
    gone = select(func.array_agg(forgotten_person.c.id)).where(forgotten_person.c.since > now() - STRAGGLERS)
    return table.c.people.op("&&")(cast(gone.scalar_subquery(), ARRAY(Uuid)))


class Forgetting:
    """Takes blanked events out of the stream as well, in the background."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self._db = database
        self._bus = bus

    async def run(self) -> None:
        """Looks every few seconds, for as long as the process lives."""
        while True:
            await self._bus.until_connected()
            try:
                while await self._some() >= AT_ONCE:
                    pass
            except (nats.errors.Error, nats.js.errors.Error, TimeoutError, OSError) as error:
                log.warning("forgetting.interrupted", error=type(error).__name__)
            await asyncio.sleep(ROUND_SECONDS)

    async def _some(self) -> int:
        async with self._db.transaction() as session:
            if not await session.scalar(LOCK):
                return 0
            await _blank(session)
            query = select(outbox.c.id, outbox.c.event_id, outbox.c.stream_seq).where(
                outbox.c.forgotten_at.is_not(None)
            )
            rows = (await session.execute(query.limit(AT_ONCE))).all()
            for row in rows:
                await self._take_out(row)
            await session.execute(delete(outbox).where(outbox.c.id.in_([row.id for row in rows])))
            return len(rows) + await self._some_past(session)

    async def _some_past(self, session: AsyncSession) -> int:
        """The same for events that have become too old for the outbox; nothing of them is left to be blanked."""
        query = select(past_event.c.event_id, past_event.c.stream_seq).where(_names_somebody_gone(past_event))
        rows = (await session.execute(query.limit(AT_ONCE))).all()
        for row in rows:
            await self._take_out(row)
        await session.execute(delete(past_event).where(past_event.c.event_id.in_([row.event_id for row in rows])))
        return len(rows)

    async def _take_out(self, row: Any) -> None:
        """Deletes the message, if the sequence still is that of this event: a new stream counts from one again."""
        if row.stream_seq is None:
            return
        js = self._bus.js
        try:
            message = await js.get_msg(STREAM, row.stream_seq)
            if (message.headers or {}).get("ce-id") == str(row.event_id):
                await js.delete_msg(STREAM, row.stream_seq)
        except nats.js.errors.NotFoundError:
            return
