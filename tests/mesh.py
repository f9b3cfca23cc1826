"""The running mesh as tests see it: where it is, its processes, and how to wait for something in it."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 30.0) -> None:
    """Waits for something to become true; fails if it does not."""
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.05)
