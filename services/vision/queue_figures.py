"""How long the queue is and what is spent, for the metrics: counted beside the scrapes, never by them.

By the API's process, so that the figures are there as well when no worker is.
"""

import asyncio
import time
from decimal import Decimal
from typing import Final

from prometheus_client import Gauge
from sqlalchemy import text

from libs.common.availability import is_away
from libs.common.database_figures import FIRST_AFTER_SECONDS
from libs.common.db import Database
from libs.common.service import Service
from services.vision import bounds
from services.vision.settings import VisionSettings

REST_SECONDS: Final = 15.0
REST_FACTOR: Final = 200
"""What takes long is done less often: never for more than half a percent of the time."""
STATES: Final = ("due", "pausing", "no_money", "working", "unanswered")

waiting = Gauge("waiting_jobs", "Unfinished jobs by what they wait for.", ["state"])
oldest_job = Gauge("oldest_job_age_seconds", "For how long the oldest of them has been waited for.", ["state"])
daily_spent = Gauge("cv_daily_spent_usd", "What paid calls have cost in the last 24 hours.")
daily_budget = Gauge("cv_daily_budget_usd", "What they may cost; 0: as much as they do.")
daily_ratio = Gauge("cv_daily_budget_used_ratio", "How much of the budget is spent; 0 where there is none.")

# By the partial index of what is unfinished: finished jobs, however many, are not looked at. What was queued again by
# its player counts from then; a job that waits for money or an answer, from its beginning.
WAITING: Final = text("""
SELECT state, count(*) AS jobs, coalesce(extract(epoch FROM clock_timestamp() - min(since)), 0) AS oldest
FROM (
    SELECT CASE
        WHEN lease_until IS NOT NULL THEN 'working'
        WHEN run_at <= clock_timestamp() THEN 'due'
        WHEN run_at IS NOT NULL AND status = 'pending' THEN 'no_money'
        WHEN run_at IS NOT NULL THEN 'pausing'
        ELSE 'unanswered'
    END AS state,
    CASE
        WHEN status = 'pending' AND run_at <= clock_timestamp() THEN run_at
        ELSE coalesce(started_at, created_at)
    END AS since
    FROM analysis_jobs WHERE completed_at IS NULL
) AS unfinished
GROUP BY state
""")


async def keep_counting(service: Service, settings: VisionSettings) -> None:
    """Counts for as long as the service runs; with the database away the last figures stand."""
    await asyncio.sleep(FIRST_AFTER_SECONDS)
    while True:
        began = time.monotonic()
        try:
            await count(service.db, settings)
        except Exception as error:
            if not is_away(error):
                raise
        await asyncio.sleep(max(REST_SECONDS, REST_FACTOR * (time.monotonic() - began)))


async def count(db: Database, settings: VisionSettings) -> None:
    """One look at the queue, and one at the purse."""
    async with db.reading() as session:
        found = {row.state: row for row in await session.execute(WAITING)}
        cost = await bounds.spent(session)
    for state in STATES:
        row = found.get(state)
        waiting.labels(state).set(row.jobs if row else 0)
        oldest_job.labels(state).set(max(row.oldest, 0) if row else 0)
    budget = settings.cv_daily_budget_usd or Decimal(0)
    daily_spent.set(float(cost))
    daily_budget.set(float(budget))
    daily_ratio.set(float(cost / budget) if budget else 0)
