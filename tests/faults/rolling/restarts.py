"""A process is asked to end, its supervisor starts it again, and it is ready: what a rolling restart is made of."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Sequence

import httpx

from tests.mesh import Mesh

BACK_WITHIN_SECONDS = 90.0


async def restart(mesh: Mesh, names: Sequence[str], say: Callable[[str], None]) -> None:
    """All of `names` at the same time; returns when each has a new process that is ready."""
    await asyncio.gather(*(_restart(mesh, name, say) for name in names))


async def _restart(mesh: Mesh, name: str, say: Callable[[str], None]) -> None:
    old, began = mesh.topology["processes"][name]["pid"], time.monotonic()
    os.kill(old, signal.SIGTERM)
    async with asyncio.timeout(BACK_WITHIN_SECONDS), httpx.AsyncClient(timeout=5) as client:
        while mesh.topology["processes"][name]["pid"] == old:
            await asyncio.sleep(0.05)
        while not await _is_ready(client, mesh.topology["processes"][name]["url"]):
            await asyncio.sleep(0.05)
    say(f"{name} is back after {time.monotonic() - began:.1f} s")


async def _is_ready(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(f"{url}/ready/")).status_code == 200
    except httpx.TransportError:
        return False
