"""Everything is started at once and in any order, and what it needs comes later, piece by piece (H23)."""

import asyncio
import random
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from tests.faults.beside import Beside, beside
from tests.faults.database_stack import HurtMesh
from tests.faults.fault_proxy import FaultProxy
from tests.faults.told import PATIENCE_SECONDS
from tests.mesh import until

PARTS = ("users", "animals", "dex", "social", "vision", "vision-worker", "graph", "gateway")


@pytest.mark.long
async def test_dependencies_come_later(hurt: HurtMesh, tmp_path: Path) -> None:
    """H23: alive without database and bus, ready by themselves when the database is there; nobody ends."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    order = random.Random(seed).sample(PARTS, len(PARTS))
    database = FaultProxy(hurt.topology["postgres"]["port"])
    bus = FaultProxy(urlsplit(hurt.topology["nats"]["url"]).port or 0)
    async with AsyncExitStack() as stack:
        for proxy in (database, bus):
            stack.push_async_callback(proxy.refuse)
        started = [await stack.enter_async_context(_started(hurt, name, tmp_path, database, bus)) for name in order]
        await asyncio.gather(*(until(each.is_alive, PATIENCE_SECONDS) for each in started))
        with_database = [each for each in started if each.name != "gateway"]
        assert [await each.status("/ready/") for each in with_database] == [503] * len(with_database)
        await database.listen()
        await asyncio.gather(*(until(each.is_ready, PATIENCE_SECONDS) for each in with_database))
        await bus.listen()
        await asyncio.gather(*(until(lambda each=each: _has_its_bus(each), PATIENCE_SECONDS) for each in with_database))
        assert not any(each.is_dead for each in started)


def _started(
    hurt: HurtMesh, name: str, folder: Path, database: FaultProxy, bus: FaultProxy
) -> AbstractAsyncContextManager[Beside]:
    environment = hurt.process(name).environ()
    moved = {"NATS_URL": _at(environment["NATS_URL"], bus.port), "BUS_FAULT_DIR": ""}
    if "DATABASE_URL" in environment:
        moved["DATABASE_URL"] = _at(environment["DATABASE_URL"], database.port)
    return beside(hurt, name, folder, waits=False, **moved)


def _at(url: str, port: int) -> str:
    """The same address at another port."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{parts.netloc.rpartition(':')[0]}:{port}"))


async def _has_its_bus(each: Beside) -> bool:
    return bool((await each.said("/ready/"))["checks"]["nats"])
