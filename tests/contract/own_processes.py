"""A second process of a service beside the shared stack's, with settings of its own: for limits and deadlines."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from deploy.local.ports import free_ports
from tests.mesh import Mesh, until

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def running(mesh: Mesh, service: str, **settings: str) -> AsyncIterator[str]:
    """The URL of a new process of `service`, with the environment of the stack's own and what is given here."""
    port = str(free_ports(1)[0])
    environment = mesh.process(service).environ() | settings | {"PORT": port}
    command = [sys.executable, "-m", "libs.common.run", f"services.{service}.app:app"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        async with httpx.AsyncClient(base_url=url) as client:

            async def is_there() -> bool:
                assert process.poll() is None, f"{service} did not start"
                try:
                    return (await client.get("/health/")).status_code == 200
                except httpx.HTTPError:
                    return False

            await until(is_there)
        yield url
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 15)
