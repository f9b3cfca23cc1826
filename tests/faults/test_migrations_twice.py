"""Migrations run several at once, are killed midway, and meet a table that is in use (H22)."""

import asyncio
import os
import random
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from libs.common.migrate import heads_in_code, heads_in_database
from tests.faults.database_stack import HurtMesh
from tests.mesh import until

ROOT = Path(__file__).parents[2]
SERVICE = "animals"


@pytest.fixture
async def empty(hurt: HurtMesh) -> AsyncIterator[str]:
    """`DATABASE_URL` of a service in a database in which nothing was ever migrated."""
    name, extensions = f"empty_{uuid4().hex[:8]}", "extensions"
    url = str(hurt.topology["postgres"]["urls"][SERVICE]).rpartition("/")[0] + f"/{name}"
    async with hurt.database() as server:
        await server.execute(f"CREATE DATABASE {name}")
        database = await asyncpg.connect(hurt.admin_url.rpartition("/")[0] + f"/{name}")
        await database.execute(
            f"CREATE SCHEMA {extensions}; CREATE EXTENSION pg_trgm SCHEMA {extensions};"
            f"GRANT USAGE ON SCHEMA {extensions} TO {SERVICE}; CREATE SCHEMA {SERVICE} AUTHORIZATION {SERVICE};"
            f"ALTER ROLE {SERVICE} IN DATABASE {name} SET search_path = {SERVICE}, {extensions}"
        )
        await database.close()
        yield url
        await server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def migrating(url: str) -> Iterator[subprocess.Popen[bytes]]:
    """`python -m libs.common.migrate` as an operator runs it."""
    environment = {**os.environ, "DATABASE_URL": url}
    command = [sys.executable, "-m", "libs.common.migrate", SERVICE]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


async def heads(url: str) -> dict[str, int]:
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            return await heads_in_database(connection)
    finally:
        await engine.dispose()


async def test_three_at_once(empty: str) -> None:
    """H22: the advisory lock lets one do the work; the others wait, find it done, and are content."""
    with migrating(empty) as one, migrating(empty) as two, migrating(empty) as three:
        ends = await asyncio.gather(*(asyncio.to_thread(each.wait, 100) for each in (one, two, three)))
    assert ends == [0, 0, 0]
    assert await heads(empty) == heads_in_code(SERVICE)


async def test_killed_midway(hurt: HurtMesh, empty: str) -> None:
    """H22: killed while it works, it leaves no lock behind, and what is begun again comes to its end."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    chance = random.Random(seed)
    name = empty.rpartition("/")[2]
    async with hurt.database() as server:

        async def at_work() -> bool:
            return bool(await server.fetchval("SELECT count(*) FROM pg_stat_activity WHERE datname = $1", name))

        with migrating(empty) as process:
            await until(at_work, 60)
            await asyncio.sleep(chance.random() * 0.2)
            process.kill()
            await asyncio.to_thread(process.wait, 10)
    with migrating(empty) as again:
        assert await asyncio.to_thread(again.wait, 100) == 0
    assert await heads(empty) == heads_in_code(SERVICE)


async def test_a_table_in_use_is_not_waited_for_long(hurt: HurtMesh, empty: str) -> None:
    """H22: a migration that cannot have its lock gives up in seconds, before everybody queues up behind it."""
    with migrating(empty) as process:
        assert await asyncio.to_thread(process.wait, 100) == 0
    database = await asyncpg.connect(hurt.admin_url.rpartition("/")[0] + f"/{empty.rpartition('/')[2]}")
    try:
        back = "SET version_num = 'common_0001' WHERE version_num LIKE 'common%'"
        await database.execute(f"UPDATE {SERVICE}.alembic_version {back}")
        async with database.transaction():
            await database.execute(f"LOCK TABLE {SERVICE}.outbox IN ACCESS EXCLUSIVE MODE")
            with migrating(empty) as process:
                assert await asyncio.to_thread(process.wait, 60) != 0
                assert process.stderr is not None
                assert b"LockNotAvailable" in process.stderr.read()
    finally:
        await database.close()
