"""The mesh of today with one service as it went out last: each may be deployed alone, before the others or after them.

The schema is always the one of today: migrations go first, and whoever ran before them goes on (expand).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from deploy.commands.walk import walk
from deploy.local.stack import Stack
from deploy.local.topology import MESH, Topology
from tests.conftest import AS_STARTED, SETTINGS
from tests.faults.recovery import verified
from tests.mesh import Mesh, until, wait_for_taxonomy

pytestmark = pytest.mark.timeout(300)

SERVICES = sorted({process.service for process in MESH.processes})
AT_ONCE = "dex"
"""Tried with every change: it asks three services, tells four of its events, and is asked by the gateway."""

FOR_ANY_AGE = ("I1", "I4", "I7")
"""Everything was told, in order, and nothing set aside: an event that cannot be read is, at once. The other questions
know columns, handlers and files of one age only."""


@contextmanager
def mixed(folder: Path, released: set[str], checkout: Path) -> Iterator[Mesh]:
    """A mesh in which these services run the code of `checkout`."""
    topology = Topology(
        tuple(
            replace(process, checkout=checkout) if process.service in released else process
            for process in MESH.processes
        ),
        MESH.preparations,
    )
    with Stack(folder, topology=topology, environment=AS_STARTED | SETTINGS, careless=True) as stack:
        wait_for_taxonomy(stack.url)
        mesh = Mesh(stack.data_dir)
        for process in MESH.processes:
            runs_released = Path(mesh.process(process.name).cwd()) == checkout.resolve()
            assert runs_released == (process.service in released), process.name
        yield mesh


async def _they_do_the_main_job(mesh: Mesh) -> None:
    """Photo, job, entry, friend's tree; and every event was read by all for whom it is, as it was told."""
    told: list[str] = []
    story = await walk(mesh.url, told.append)
    assert len([catch for catch in story.catches if catch.entry]) >= 7, told
    async with httpx.AsyncClient(base_url=mesh.url) as client:

        async def all_are_well() -> bool:
            return (await client.get("/api/v1/health/")).json()["status"] == "healthy"

        await until(all_are_well)
    found = await verified(mesh, patience=10)
    assert {violation for violation in found if violation[0] in FOR_ANY_AGE} == set()


@pytest.mark.parametrize(
    "service",
    [name if name == AT_ONCE else pytest.param(name, marks=pytest.mark.long) for name in SERVICES],
)
async def test_a_released_service_among_those_of_today(service: str, released_code: Path, tmp_path: Path) -> None:
    with mixed(tmp_path / "mesh", {service}, released_code) as mesh:
        await _they_do_the_main_job(mesh)


@pytest.mark.long
@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_of_today_among_released_ones(service: str, released_code: Path, tmp_path: Path) -> None:
    with mixed(tmp_path / "mesh", set(SERVICES) - {service}, released_code) as mesh:
        await _they_do_the_main_job(mesh)
