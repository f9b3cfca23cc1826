"""Players for the tests of the users service, and the real vision service, which makes their avatars."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from sqlalchemy import select, update

from deploy.local.ports import free_ports
from libs.common.calls import Peers
from libs.common.db import Database
from libs.common.outbox import outbox
from libs.common.testing import Applications
from services.users.models import User
from services.users.settings import UsersSettings

PASSWORD = "a tall giraffe"


@dataclass
class Player:
    """A registered user with what the login gave."""

    id: UUID
    account: dict[str, Any]
    headers: dict[str, str]
    refresh: str


Join = Callable[..., Awaitable[Player]]


def registration(username: str = "Ada", **other: Any) -> dict[str, Any]:
    """What the client sends to register."""
    names = {"username": username, "email": f"{username.lower()}@example.com"}
    return {**names, "password": PASSWORD, "password_confirm": PASSWORD, **other}


@pytest.fixture
def join(client: httpx.AsyncClient, db: Database) -> Join:
    """`join("Ada", is_staff=True)`: registers and signs in, after the columns given were set."""

    async def join(username: str = "Ada", **columns: Any) -> Player:
        registered = await client.post("/api/v1/users/", json=registration(username))
        assert registered.status_code == 201, registered.text
        id = UUID(registered.json()["id"])
        if columns:
            async with db.transaction() as session:
                await session.execute(update(User).where(User.id == id).values(columns))
        answer = await client.post("/api/v1/auth/login/", json={"username": username, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        signed_in = answer.json()
        headers = {"Authorization": f"Bearer {signed_in['access']}"}
        return Player(id, signed_in["user"], headers, signed_in["refresh"])

    return join


@pytest.fixture
def settings(app: FastAPI) -> UsersSettings:
    """The settings of the service under test."""
    found: UsersSettings = app.state.service.settings
    return found


@pytest.fixture
def published(db: Database) -> Callable[[], Awaitable[list[tuple[str, int]]]]:
    """The events recorded so far, as subject and version, in order."""

    async def published() -> list[tuple[str, int]]:
        async with db.reading() as session:
            rows = await session.execute(select(outbox.c.subject, outbox.c.version).order_by(outbox.c.id))
            return [(row.subject, row.version) for row in rows]

    return published


@pytest.fixture(scope="session")
async def vision_url(applications: Applications) -> AsyncIterator[str]:
    """The vision service, listening."""
    app = await applications.get("vision", "services.vision.app")
    [port] = free_ports(1)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await serving
    await app.state.darkroom.decoder.close()


@pytest.fixture
async def vision_at(app: FastAPI) -> AsyncIterator[Callable[[str], None]]:
    """`vision_at(url)`: where the users service finds vision, for this test."""
    service = app.state.service
    before, made = service.calls, []

    def look_there(url: str) -> None:
        service.calls = Peers({"vision": url})
        made.append(service.calls)

    yield look_there
    service.calls = before
    for peers in made:
        await peers.close()


@pytest.fixture
def vision(vision_url: str, vision_at: Callable[[str], None]) -> None:
    """The users service finds the vision service."""
    vision_at(vision_url)
