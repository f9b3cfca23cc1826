"""What the tests of the contract's sections have in common: how to ask, and two players who change nothing shared."""

from collections.abc import AsyncIterator

import httpx
import pytest

from deploy.local.player import Player
from tests.answers import Ask, asking
from tests.contract.aging import aged  # noqa: F401 - a fixture
from tests.contract.circle import circle, collector, koala_job, superuser  # noqa: F401 - fixtures
from tests.contract.forest import forest  # noqa: F401 - a fixture
from tests.contract.jobs_of_one import jobs_of_one  # noqa: F401 - a fixture
from tests.mesh import Mesh, signed_up


@pytest.fixture(scope="session")
async def ask(mesh: Mesh) -> AsyncIterator[Ask]:
    """`await ask(ada, "GET", "/users/me/")`; None instead of a player for a request without a token."""
    async with asking(mesh.url) as found:
        yield found


@pytest.fixture(scope="session")
async def web(mesh: Mesh) -> AsyncIterator[httpx.AsyncClient]:
    """For what lies outside of `/api/v1/`; no token, no redirects."""
    async with httpx.AsyncClient(base_url=mesh.url, timeout=60) as client:
        yield client


@pytest.fixture(scope="session")
async def ada(mesh: Mesh) -> AsyncIterator[Player]:
    """A player for all tests that leave her as she is."""
    async with signed_up(mesh, "ada") as player:
        yield player


@pytest.fixture(scope="session")
async def ben(mesh: Mesh) -> AsyncIterator[Player]:
    """A stranger to `ada`; the same holds for him."""
    async with signed_up(mesh, "ben") as player:
        yield player
