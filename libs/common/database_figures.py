"""What a service can see of its database, for the metrics; looked at beside the scrapes, never by them.

Every service tells what it sees itself: each may have a server of its own, and a role sees no other's transactions.
"""

import asyncio
from typing import Any, Final

from prometheus_client import Gauge
from sqlalchemy import text

from libs.common import telemetry
from libs.common.availability import is_away
from libs.common.db import Database

FIRST_AFTER_SECONDS: Final = 1.0
"""What has just started needs its connections for other things first."""
EVERY_SECONDS: Final = 15.0
MOST_COUNTED: Final = 1000

answers = Gauge("database_answers", "1 if the database answered when it was last looked at.")
at_head = Gauge("schema_at_head", "1 while the schema is at least as far as this code needs.")
size = Gauge("postgres_database_bytes", "Size of the database that this service is in.")
connections = Gauge("postgres_connections", "Connections to the server, of everybody.")
most_connections = Gauge("postgres_connections_limit", "How many there may be, without those kept for administrators.")
oldest = Gauge("postgres_oldest_transaction_seconds", "Age of the oldest open transaction of this service; 0: none.")

# One statement, of which nothing grows with what is stored: sizes of files, shared memory, and a bounded count.
LOOK: Final = text(f"""
SELECT pg_database_size(current_database()) AS size,
    (SELECT sum(numbackends) FROM pg_stat_database) AS connections,
    current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
        - coalesce(current_setting('reserved_connections', true)::int, 0) AS most_connections,
    (SELECT coalesce(extract(epoch FROM max(clock_timestamp() - xact_start)), 0) FROM pg_stat_activity
        WHERE usename = current_user AND pid <> pg_backend_pid()) AS oldest,
    (SELECT count(*) FROM (SELECT FROM dead_letter LIMIT {MOST_COUNTED}) AS letters) AS set_aside
""")


async def watch(database: Database) -> None:
    """Looks for as long as the process lives; where nobody answers, the last figures stand."""
    await asyncio.sleep(FIRST_AFTER_SECONDS)
    while True:
        try:
            await look(database)
        except Exception as error:
            answers.set(0)
            if not is_away(error):
                raise
        await asyncio.sleep(EVERY_SECONDS)


async def look(database: Database) -> None:
    """Looks once: at the schema, and at the rest."""
    is_migrated = await database.is_migrated()
    at_head.set(is_migrated)
    answers.set(1)
    if not is_migrated:
        return  # The tables may not be there yet.
    async with database.reading() as session:
        _tell((await session.execute(LOOK)).one())


def _tell(found: Any) -> None:
    size.set(found.size)
    connections.set(found.connections)
    most_connections.set(found.most_connections)
    oldest.set(max(found.oldest, 0))
    telemetry.dead_letters_waiting.set(found.set_aside)
