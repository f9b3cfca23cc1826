"""Events per second through outbox, JetStream and the graph projection, with nothing else running."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import asyncpg

from deploy.local.ports import free_ports
from deploy.local.roles import create_schemas
from deploy.local.servers import servers
from libs.common.bus import Bus
from libs.common.db import Database
from libs.common.migrate import migrate
from libs.common.outbox import record
from libs.common.provision import provision
from libs.common.relay import Relay
from libs.contracts.dex import DexCreated
from libs.contracts.event import Picture
from tests.bench.figures import Figure

EVENTS = 20_000
A_TRANSACTION = 1_000
ROOT = Path(__file__).parents[2]


def caught() -> DexCreated:
    """One entry, as dex tells of it."""
    moment = datetime.now(UTC)
    picture = Picture(url="http://127.0.0.1/media/x.png", sha256="0" * 64, width=1, height=1, created_at=moment)
    return DexCreated(
        id=uuid4(),
        version=1,
        owner_id=uuid4(),
        animal_id=uuid4(),
        visibility="friends",
        picture=picture,
        catch_date=moment,
        created_at=moment,
        updated_at=moment,
        source_vision_job=None,
    )


async def measure() -> list[Figure]:
    """20,000 events, written beforehand; the clock runs while the relay and the projector do."""
    # Servers as in production: every batch is on disk before it is acknowledged.
    with servers(careless=False) as found, tempfile.TemporaryDirectory() as blobs:
        urls = create_schemas(found.admin_url)
        for service in ("dex", "graph"):
            await migrate(service, urls[service])
        await provision(found.nats_url, ("graph",), replicas=1, max_bytes=0)
        database = Database(urls["dex"], name="dex")
        for _ in range(EVENTS // A_TRANSACTION):
            async with database.transaction() as session:
                for _ in range(A_TRANSACTION):
                    record(session, caught())
        graph = _start_graph(urls["graph"], found.nats_url, blobs)
        try:
            seconds = await _relayed(database, found.nats_url, urls["graph"])
        finally:
            graph.terminate()
            graph.wait()
            await database.close()
    rate = EVENTS / seconds
    return [Figure("outbox → JetStream → graph, 20,000 events", "≥ 3,000 events/s", f"{rate:,.0f} events/s")]


def _start_graph(database_url: str, nats_url: str, blobs: str) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "DATABASE_URL": database_url,
        "NATS_URL": nats_url,
        "BLOB_URL": f"file://{blobs}",
        "PORT": str(free_ports(1)[0]),
    }
    command = [sys.executable, "-m", "libs.common.run", "services.graph.app:app"]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)


async def _relayed(database: Database, nats_url: str, graph_url: str) -> float:
    bus = Bus(nats_url, name="bench")
    await bus.connect()
    connection = await asyncpg.connect(graph_url.replace("+asyncpg", ""))
    began = time.monotonic()
    task = asyncio.create_task(Relay(database, bus).run())
    try:
        while await connection.fetchval("SELECT count(*) FROM captures") < EVENTS:
            await asyncio.sleep(0.05)
        return time.monotonic() - began
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await connection.close()
        await bus.close()
