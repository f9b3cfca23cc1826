"""The meshes that faults are made in: one as in production with two of some services, and a small one for each test."""

import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from deploy.local.stack import Stack
from deploy.local.topology import MESH, Process
from libs.common.db import Database
from libs.common.migrate import migrate
from libs.common.tables import shared_metadata
from tests.conftest import AS_STARTED, SETTINGS
from tests.faults.armed import FAULTS
from tests.faults.database_stack import hurt  # noqa: F401 - a fixture
from tests.faults.small.bus_server import BusServer
from tests.faults.small.mesh import SmallMesh
from tests.faults.small.teller import SERVICE, Base
from tests.mesh import Mesh, wait_for_taxonomy

TWICE = replace(
    MESH,
    processes=(
        *MESH.processes,
        Process("dex-2", "services.dex.app:app", "dex", "DEX_2_URL"),
        Process("graph-2", "services.graph.app:app", "graph", "GRAPH_2_URL"),
    ),
)
"""Two relays and two consumers of the dex, two projectors of the graph."""

RUNNING = "FAULTS_DATA_DIR"
"""Names the data folder of such a stack that runs already: quicker while one writes tests."""


@pytest.fixture(scope="package")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """In this folder `mesh` is a stack of its own, which may be killed and halted as one likes."""
    if running := os.environ.get(RUNNING):
        yield Mesh(Path(running))
        return
    folder = tmp_path_factory.mktemp("broken")
    (folder / FAULTS).mkdir()
    given = AS_STARTED | SETTINGS | {"BUS_FAULT_DIR": str(folder / FAULTS)}
    with Stack(folder, topology=TWICE, environment=given, careless=True) as stack:
        wait_for_taxonomy(stack.url)
        yield Mesh(stack.data_dir)


@pytest.fixture(scope="session")
async def small_database(database_urls: dict[str, str]) -> str:
    """Address of the small service's schema, with its tables."""
    url = database_urls[SERVICE]
    await migrate(SERVICE, url)
    database = Database(url, name=SERVICE)
    async with database.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    await database.close()
    return url


@pytest.fixture
async def small(small_database: str, tmp_path: Path) -> AsyncIterator[SmallMesh]:
    """The small mesh: empty tables, a running bus without a stream, no teller yet."""
    database = Database(small_database, name=SERVICE)
    tables = (*shared_metadata.sorted_tables, *Base.metadata.sorted_tables)
    async with database.engine.begin() as connection:
        await connection.execute(text(f"TRUNCATE {', '.join(table.name for table in tables)}"))
    bus = BusServer(tmp_path)
    bus.start()
    mesh = SmallMesh(tmp_path, bus, database, small_database)
    yield mesh
    await mesh.end()
    await database.close()
