"""Looks at one service's schema as its own role, and at the server it is on."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import asyncpg

from libs.common.db import Connection
from libs.common.migrate import Heads

SECONDS: Final = 2.0
MOST_COUNTED: Final = 1000
"""More dead letters than this are so many that the number does not matter."""

SERVER: Final = """
SELECT clock_timestamp() AS now, pg_database_size(current_database()) AS bytes,
       current_setting('server_version_num')::int AS version, current_setting('max_connections')::int AS places,
       -- Of whom another session is, and of what kind, a service's role is not told; how many there are, everybody is.
       (SELECT sum(numbackends) FROM pg_stat_database) AS connections,
       current_setting('archive_mode') AS archiving, a.archived_count, a.last_archived_time, a.last_failed_time,
       EXISTS (SELECT FROM pg_timezone_names WHERE name = 'Europe/Berlin') AS knows_zones,
       to_regclass('alembic_version') IS NOT NULL AS is_migrated
FROM pg_stat_archiver a
"""
EVENTS: Final = f"""
SELECT count(*) AS waiting, coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 AS age,
       (SELECT count(*) FROM (SELECT FROM dead_letter LIMIT {MOST_COUNTED}) AS letters) AS letters
FROM (SELECT created_at FROM outbox WHERE published_at IS NULL ORDER BY partition, id LIMIT 100000) AS waiting
"""


@dataclass(frozen=True, slots=True)
class DatabaseSeen:
    """One service's schema, and its server.

    behind       seconds by which the server's clock is behind ours
    heads        how far each line of migrations is; doubled: lines with more than one head
    waiting      events not yet published, the oldest `age` seconds old; letters: set aside
    archiving    archive_mode; fails: the last try to archive a segment has failed
    """

    service: str
    behind: float
    size: int
    version: int
    connections: int
    places: int
    archiving: str
    archive_fails: bool
    archived_at: datetime | None
    knows_zones: bool
    heads: Heads
    doubled: tuple[str, ...]
    waiting: int
    age: float
    letters: int


@asynccontextmanager
async def peeking(url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection for a look: no wait is long, and a server that hangs is left at once."""
    connection = await asyncpg.connect(
        url.replace("+asyncpg", "", 1),
        timeout=SECONDS,
        command_timeout=SECONDS,
        connection_class=Connection,
        server_settings={"application_name": "biologidex-operator", "jit": "off"},
    )
    try:
        yield connection
    finally:
        await connection.close()


async def look_at_database(service: str, url: str) -> DatabaseSeen:
    """Raises asyncpg's errors, OSError, TimeoutError: it cannot be asked."""
    async with peeking(url) as connection:
        asked = time.time()
        row = await connection.fetchrow(SERVER)
        behind = _behind(row["now"].timestamp(), asked, time.time())
        names = await _versions(connection) if row["is_migrated"] else []
        lines = [name.rpartition("_")[0] for name in names]
        events = await connection.fetchrow(EVENTS) if "common" in lines else None
        failed, archived = row["last_failed_time"], row["last_archived_time"]
        return DatabaseSeen(
            service=service,
            behind=behind,
            size=row["bytes"],
            version=row["version"],
            connections=row["connections"],
            places=row["places"],
            archiving=row["archiving"],
            archive_fails=failed is not None and (archived is None or failed > archived),
            archived_at=archived,
            knows_zones=row["knows_zones"],
            heads={name.rpartition("_")[0]: int(name.rpartition("_")[2]) for name in sorted(names)},
            doubled=tuple(sorted({line for line in lines if lines.count(line) > 1})),
            waiting=events["waiting"] if events else 0,
            age=events["age"] if events else 0.0,
            letters=events["letters"] if events else 0,
        )


def _behind(said: float, asked: float, answered: float) -> float:
    """0 where it may have read its clock at any moment in between."""
    return max(asked - said, 0) or min(answered - said, 0)


async def _versions(connection: asyncpg.Connection) -> list[str]:
    return [row["version_num"] for row in await connection.fetch("SELECT version_num FROM alembic_version")]
