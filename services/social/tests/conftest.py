"""Players as social hears of them, and a users service that answers when it has to ask."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from libs.common.calls import Peers
from libs.common.db import Database
from libs.common.testing import SignIn
from services.social.tests.neighbors import Neighbor, listening
from services.social.tests.story import Story


@pytest.fixture(scope="session")
async def house_of_users() -> AsyncIterator[Neighbor]:
    async with listening() as found:
        yield found


@pytest.fixture
async def users(house_of_users: Neighbor, app: FastAPI) -> AsyncIterator[Neighbor]:
    """The users service as far as social asks it, with no answers yet."""
    house_of_users.answers.clear()
    house_of_users.asked.clear()
    before, service = app.state.service.calls, app.state.service
    service.calls = Peers({"users": house_of_users.url})
    yield house_of_users
    await service.calls.close()
    service.calls = before


@pytest.fixture
def story(client: httpx.AsyncClient, db: Database, sign_in: SignIn, users: Neighbor) -> Story:
    del users
    return Story(client, db, sign_in)
