"""The running mesh as tests see it: where it is, its processes, and how to wait for something in it."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psutil

from deploy.local.player import Player

NewPlayer = Callable[..., Awaitable[Player]]


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


def wait_for_taxonomy(url: str, seconds: float = 60.0) -> None:
    """After its first start a mesh is ready some seconds before its taxonomy is filled; tests need names."""
    deadline = time.monotonic() + seconds
    while httpx.get(f"{url}/api/v1/taxonomy/search/?q=Bison%20bison").json().get("count") != 1:
        if time.monotonic() > deadline:
            raise TimeoutError(f"the taxonomy is not there after {seconds:.0f} s")
        time.sleep(0.1)


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 30.0) -> None:
    """Waits for something to become true; fails if it does not."""
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.05)


@asynccontextmanager
async def signed_up(mesh: Mesh, name: str) -> AsyncIterator[Player]:
    """Somebody who has just registered and signed in, under a name that begins with `name`."""
    async with Player(mesh.url, f"{name}-{uuid4().hex[:8]}") as player:
        await player.sign_up()
        yield player
