"""PostgreSQL has no connection left to give: refusals, no crash loop, and well again by itself (H13)."""

import asyncio

import asyncpg
import pytest

from tests.faults.database_stack import HurtMesh
from tests.faults.told import READS, all_answer, ask_all, watching
from tests.mesh import signed_up, until

OURS = "FROM pg_stat_activity WHERE application_name LIKE 'biologidex-%' AND pid <> pg_backend_pid()"


@pytest.mark.long
async def test_no_connection_is_left(hurt: HurtMesh) -> None:
    """H13: somebody takes every connection that there is, those of the services included."""
    async with signed_up(hurt, "ada") as ada:
        await ask_all(ada)
        pids = {name: hurt.process(name).pid for name in hurt.topology["processes"]}
        taken: list[asyncpg.Connection] = []
        async with watching(ada) as watch:
            try:
                await _take_all(hurt, taken)
                await until(lambda: _is_refused(hurt))
                answers = [each for _ in range(3) for each in await ask_all(ada)]
                assert all(each.is_refusal for each in answers), answers
            finally:
                await asyncio.gather(*(connection.close(timeout=5) for connection in taken))
            await until(lambda: all_answer(ada), 10)
        watch.must_be(200)
        assert [each.status for each in await ask_all(ada)] == [200] * len(READS)
        assert {name: hurt.process(name).pid for name in pids} == pids


async def _take_all(hurt: HurtMesh, taken: list[asyncpg.Connection]) -> None:
    """Fills every place, ends the services' own connections, and takes their places as well."""
    while await _take_some(hurt, taken) == 10:
        continue
    while await taken[0].fetchval(f"SELECT count(*) {OURS}"):
        await taken[0].fetch(f"SELECT pg_terminate_backend(pid, 1000) {OURS}")
        await _take_some(hurt, taken)


async def _take_some(hurt: HurtMesh, taken: list[asyncpg.Connection]) -> int:
    """Ten more at the same time, as far as there are; how many there were."""
    found = await asyncio.gather(*(asyncpg.connect(hurt.admin_url) for _ in range(10)), return_exceptions=True)
    connections = [each for each in found if isinstance(each, asyncpg.Connection)]
    taken += connections
    return len(connections)


async def _is_refused(hurt: HurtMesh) -> bool:
    try:
        connection = await asyncpg.connect(hurt.topology["postgres"]["urls"]["dex"].replace("+asyncpg", ""))
    except asyncpg.TooManyConnectionsError:
        return True
    await connection.close()
    return False
