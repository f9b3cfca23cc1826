"""The outbox keeps what is young; of an old event only its whereabouts stay (docs/decisions/0011).

What is never taken: a row that still waits, a row that is being forgotten, and tombstones (`….deleted`), because no
owner could tell them again: a refilled log without them would bring back what is gone.
"""

import asyncio
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import text

from libs.common.availability import is_away
from libs.common.db import Database
from libs.common.logs import log
from libs.common.values import now

BATCH: Final = 5000
"""Rows of one transaction: measured 0.2 s, and below 1 s on an overloaded machine; a statement may take 2.4 s."""
PAUSE_SECONDS: Final = 1.0
EVERY_SECONDS: Final = 3600.0
AWAY_SECONDS: Final = 30.0

LOCK: Final = text("SELECT pg_try_advisory_xact_lock(hashtext(current_schema() || '/pruning'))")
# A row that somebody marks for republishing meanwhile is looked at again when its lock is free, and stays.
MOVE: Final = text("""
WITH old AS (
    SELECT id FROM outbox
    WHERE published_at < :before AND forgotten_at IS NULL AND right(subject, 8) <> '.deleted'
    ORDER BY published_at LIMIT :batch FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM outbox USING old WHERE outbox.id = old.id
    RETURNING event_id, aggregate_type, aggregate_id, version, subject, stream_seq, people
)
INSERT INTO past_event (event_id, aggregate_type, aggregate_id, version, subject, stream_seq, people)
SELECT event_id, aggregate_type, aggregate_id, version, subject, stream_seq, people FROM gone
""")


class Pruning:
    """Runs in every process of a service, off the path of any request; a lock lets one of them work at a time."""

    def __init__(self, database: Database, days: int) -> None:
        self._db = database
        self._days = days

    async def run(self) -> None:
        """Looks once an hour, for as long as the process lives; not at all where rows are kept for ever."""
        while self._days:
            try:
                count = 0
                while some := await self.prune_some():
                    count += some
                    if some < BATCH:
                        break
                    await asyncio.sleep(PAUSE_SECONDS)
            except Exception as error:
                if not is_away(error):
                    raise
                log.warning("outbox.pruning_postponed", error=type(error).__name__)
                await asyncio.sleep(AWAY_SECONDS)
                continue
            if count:
                log.info("outbox.pruned", count=count)
            await asyncio.sleep(EVERY_SECONDS)

    async def prune_some(self) -> int:
        """One batch in one transaction; returns how many rows went."""
        async with self._db.transaction() as session:
            if not await session.scalar(LOCK):
                return 0
            given = {"before": now() - timedelta(days=self._days), "batch": BATCH}
            moved: Any = await session.execute(MOVE, given)
            return int(moved.rowcount)
