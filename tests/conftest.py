"""The whole mesh, as `make dev` runs it: the same object, once for all tests that go through the gateway."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import uuid4

import asyncpg
import nats
import pytest
from nats.aio.client import Client

from deploy.local.player import Player
from deploy.local.stack import Stack
from tests.log_secrets import told_in_logs
from tests.mesh import Mesh, NewPlayer, wait_for_taxonomy

AS_STARTED = dict(os.environ)
"""The environment before any fixture of a service's tests changed it."""
SETTINGS = {
    "THROTTLE_ANON_RATE": "off",
    "THROTTLE_USER_RATE": "off",
    "THROTTLE_UPLOAD_RATE": "off",
}


RUNNING = "E2E_DATA_DIR"
"""Names the data folder of a stack that runs already: quicker while one writes tests."""


@pytest.fixture(scope="session")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    if running := os.environ.get(RUNNING):
        yield Mesh(Path(running))
        return
    with Stack(tmp_path_factory.mktemp("mesh"), environment=AS_STARTED | SETTINGS, careless=True) as stack:
        wait_for_taxonomy(stack.url)
        found = Mesh(stack.data_dir)
        yield found
        # Last of all, when every test has left its traces (hardening 2G 150).
        told = told_in_logs(found)
        assert not told, "the logs tell what they must not:\n" + "\n".join(told[:50])


@pytest.fixture
async def new_player(mesh: Mesh) -> AsyncIterator[NewPlayer]:
    """`await new_player("ada")`: somebody who has just registered and signed in."""
    async with AsyncExitStack() as stack:

        async def make(name: str = "player") -> Player:
            player = await stack.enter_async_context(Player(mesh.url, f"{name}-{uuid4().hex[:8]}"))
            await player.sign_up()
            return player

        yield make


@pytest.fixture(scope="session")
async def staff(mesh: Mesh) -> AsyncIterator[Player]:
    """A player with `is_staff`: over HTTP nobody becomes one, so the users' own table is told."""
    async with Player(mesh.url, f"staff-{uuid4().hex[:8]}") as player:
        await player.sign_up()
        database = await asyncpg.connect(mesh.topology["postgres"]["admin_url"])
        await database.execute("UPDATE users.users SET is_staff = true WHERE id = $1", player.id)
        await database.close()
        await player.sign_in()
        # A change of the profile tells the other services, too.
        await player.ask("PATCH", "/users/me/", json={"bio": "Keeps the place in order."})
        yield player


@pytest.fixture
async def listener(mesh: Mesh) -> AsyncIterator[Client]:
    """A plain subscriber beside the mesh, as anybody with the credentials may be one."""
    client = await nats.connect(mesh.topology["nats"]["url"])
    yield client
    await client.close()
