"""Brings a service's schema to what its code needs; several may try at once, one of them does it.

Each service has two lines of migrations: its own, and the shared one of the outbox. Files are named `NNNN_what.py`
and carry the revision `<line>_NNNN`, so that anybody can see from a number how far a database is.
"""

import asyncio
import os
import sys
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from libs.common.secret_files import given

HERE: Final = Path(__file__).parent / "migrations"
SERVICES_FOLDER: Final = Path(__file__).parents[2] / "services"
SERVICES: Final = ("users", "animals", "dex", "social", "vision", "graph")
LOCK_TIMEOUT: Final = "5s"
WAIT_FOR_OTHERS: Final = 120.0
LOOK_SECONDS: Final = 0.2
ALONE: Final = "hashtext(current_schema() || '/migrate')"

Heads = dict[str, int]


def lines_of(service: str) -> dict[str, Path]:
    """The two lines of a service's migrations and where they lie. The vision worker shares the API's."""
    owner = service.removesuffix("-worker")
    return {"common": HERE / "versions", owner: SERVICES_FOLDER / owner / "migrations"}


def heads_in_code(service: str) -> Heads:
    """The newest number of each line."""
    return {
        line: max((int(file.name[:4]) for file in folder.glob("[0-9]*.py")), default=0)
        for line, folder in lines_of(service).items()
    }


async def heads_in_database(connection: AsyncConnection) -> Heads:
    """How far a database is; a line that is not there is missing here. Raises if nothing was ever migrated."""
    rows = await connection.execute(text("SELECT version_num FROM alembic_version"))
    pairs = (row[0].rpartition("_") for row in rows)
    return {line: int(number) for line, _, number in pairs}


async def migrate(service: str, url: str) -> None:
    """Runs what is missing. Safe at any time: an advisory lock lets one in, the others find it done."""
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await _be_alone(connection)
            await connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
            await connection.commit()
            await connection.run_sync(_upgrade, service)
            await connection.commit()
    finally:
        await engine.dispose()


async def _be_alone(connection: AsyncConnection) -> None:
    """Waits for others by asking again and again: an index that one of them makes concurrently waits for every
    statement that runs, also for one that waits for this lock.

    Raises:
        TimeoutError: they take too long.
    """
    async with asyncio.timeout(WAIT_FOR_OTHERS):
        while not await connection.scalar(text(f"SELECT pg_try_advisory_lock({ALONE})")):
            await connection.commit()
            await asyncio.sleep(LOOK_SECONDS)


def _upgrade(connection: Connection, service: str) -> None:
    # Alembic is only needed here; services ask for the numbers above without it.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.set_main_option("path_separator", "os")
    config.set_main_option("version_locations", os.pathsep.join(str(path) for path in lines_of(service).values()))
    config.attributes["connection"] = connection
    command.upgrade(config, "heads")


async def migrate_all() -> None:
    """Every service whose `MIGRATE_<SERVICE>_DATABASE_URL` is set."""
    for service in SERVICES:
        if url := given(f"MIGRATE_{service.upper()}_DATABASE_URL"):
            await migrate(service, url)
            print(f"{service}: migrated", file=sys.stderr, flush=True)


def main(arguments: list[str]) -> int:
    """`python -m libs.common.migrate --all`, or with a service's name and its `DATABASE_URL`."""
    if arguments == ["--all"]:
        asyncio.run(migrate_all())
    else:
        asyncio.run(migrate(arguments[0], given("DATABASE_URL")))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
