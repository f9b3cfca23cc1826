"""Players, animals and finished jobs, as dex hears of them, and neighbors who answer when it has to ask."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import event

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


@pytest.fixture
def statements(db: Database):
    """`with statements() as seen:` collects the SQL that goes to the database meanwhile."""

    @contextmanager
    def collecting() -> Iterator[list[str]]:
        seen: list[str] = []

        def note(_connection, _cursor, statement, *_rest) -> None:
            seen.append(statement)

        event.listen(db.engine.sync_engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(db.engine.sync_engine, "before_cursor_execute", note)

    return collecting
