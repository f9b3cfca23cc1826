"""Players, animals and finished jobs, as dex hears of them, and neighbors who answer when it has to ask."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from libs.common.calls import Peers
from libs.common.db import Database
from libs.common.testing import SignIn
from services.dex.tests.neighbors import Neighbors, listening
from services.dex.tests.story import Story


@pytest.fixture(scope="session")
async def street() -> AsyncIterator[Neighbors]:
    async with listening() as found:
        yield found


@pytest.fixture
async def neighbors(street: Neighbors, app: FastAPI) -> AsyncIterator[Neighbors]:
    """The services that dex asks, with no answers yet."""
    street.answers.clear()
    street.asked.clear()
    before, service = app.state.service.calls, app.state.service
    service.calls = Peers(dict.fromkeys(("animals", "vision", "users"), street.url))
    yield street
    await service.calls.close()
    service.calls = before


@pytest.fixture
def story(client: httpx.AsyncClient, db: Database, sign_in: SignIn, neighbors: Neighbors) -> Story:
    del neighbors
    return Story(client, db, sign_in)
