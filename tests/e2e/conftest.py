"""The whole mesh, as `make dev` runs it: the same object, once for all end-to-end tests."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import nats
import psutil
import pytest
from nats.aio.client import Client

from deploy.local.player import Player
from deploy.local.stack import Stack

SETTINGS = {
    "THROTTLE_ANON_RATE": "off",
    "THROTTLE_USER_RATE": "off",
    "THROTTLE_UPLOAD_RATE": "off",
}


RUNNING = "E2E_DATA_DIR"
"""Names the data folder of a stack that runs already: quicker while one writes tests."""


@dataclass(frozen=True)
class Mesh:
    """A running stack and what its `topology.json` says."""

    data_dir: Path

    @property
    def url(self) -> str:
        return str(self.topology["url"])

    @property
    def topology(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.data_dir / "topology.json").read_text())
        return found

    def process(self, name: str) -> psutil.Process:
        """A process of the stack as it runs at this moment."""
        return psutil.Process(self.topology["processes"][name]["pid"])

    def log(self, name: str) -> str:
        return (self.data_dir / "logs" / f"{name}.log").read_text(errors="replace")


@pytest.fixture(scope="session")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    if running := os.environ.get(RUNNING):
        yield Mesh(Path(running))
        return
    with Stack(tmp_path_factory.mktemp("mesh"), environment=dict(os.environ) | SETTINGS, careless=True) as stack:
        yield Mesh(stack.data_dir)


NewPlayer = Callable[..., Awaitable[Player]]


@pytest.fixture
async def new_player(mesh: Mesh) -> AsyncIterator[NewPlayer]:
    """`await new_player("ada")`: somebody who has just registered and signed in."""
    async with AsyncExitStack() as stack:

        async def make(name: str = "player") -> Player:
            player = await stack.enter_async_context(Player(mesh.url, f"{name}-{uuid4().hex[:8]}"))
            await player.sign_up()
            return player

        yield make


@pytest.fixture
async def listener(mesh: Mesh) -> AsyncIterator[Client]:
    """A plain subscriber beside the mesh, as anybody with the credentials may be one."""
    client = await nats.connect(mesh.topology["nats"]["url"])
    yield client
    await client.close()


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 30.0) -> None:
    """Waits for something to become true; fails if it does not."""
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.05)
