"""Looks at what waits for vision's worker, by the indexes that the worker itself goes by."""

from dataclasses import dataclass
from typing import Final

from deploy.operate.looks.databases import peeking

# States as vision's own metrics name them (`waiting_jobs{state}`); a job that has not ended is in exactly one.
WAITING: Final = """
SELECT CASE WHEN announced_version IS NOT NULL THEN 'unanswered'
            WHEN lease_until IS NOT NULL THEN 'working'
            WHEN run_at > now() THEN 'later'
            ELSE 'due' END AS state,
       count(*) AS count, extract(epoch FROM now() - min(created_at))::float8 AS age
FROM (SELECT announced_version, lease_until, run_at, created_at FROM analysis_jobs
      WHERE completed_at IS NULL LIMIT 10000) AS unfinished
GROUP BY 1 ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """So many jobs in a state; the oldest is unfinished for `age` seconds.

    due: may begin now · later: between two attempts, or until there is money · working: in a worker's hands ·
    unanswered: waits for the registry of animals
    """

    state: str
    count: int
    age: float


async def look_at_jobs(url: str) -> tuple[Waiting, ...]:
    """Raises asyncpg's errors, OSError, TimeoutError: it cannot be asked."""
    async with peeking(url) as connection:
        return tuple(Waiting(row["state"], row["count"], row["age"]) for row in await connection.fetch(WAITING))
