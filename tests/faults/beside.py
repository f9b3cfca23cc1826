"""One more process of a running service, with an environment of its own: to be armed, cut off, limited or killed."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import httpx
import psutil

from deploy.local.ports import free_ports
from tests.mesh import Mesh, until

ROOT = Path(__file__).parents[2]
STARTS_WITHIN = 90.0
"""Seconds; several start at the same time here, on a machine that has other things to do."""
APPS = {"vision-worker": "services.vision.worker:app"}


@dataclass(frozen=True)
class Beside:
    """A process beside the stack's: nobody starts it again when it dies."""

    name: str
    url: str
    handle: subprocess.Popen[bytes]
    log: Path

    @property
    def process(self) -> psutil.Process:
        return psutil.Process(self.handle.pid)

    @property
    def is_dead(self) -> bool:
        return self.handle.poll() is not None

    async def status(self, path: str) -> int:
        """What a path answers with; 0 without an answer."""
        async with httpx.AsyncClient(base_url=self.url, timeout=5) as client:
            try:
                return (await client.get(path)).status_code
            except httpx.HTTPError:
                return 0

    async def said(self, path: str) -> dict[str, Any]:
        """The object that a path answers with; empty without an answer."""
        async with httpx.AsyncClient(base_url=self.url, timeout=5) as client:
            try:
                answer: dict[str, Any] = (await client.get(path)).json()
            except (httpx.HTTPError, ValueError):
                return {}
        return answer

    async def is_alive(self) -> bool:
        assert not self.is_dead, f"{self.name} has ended: {self.log.read_text(errors='replace')[-2000:]}"
        return await self.status("/health/") == 200

    async def is_ready(self) -> bool:
        return await self.status("/ready/") == 200

    async def exit_code(self, seconds: float = 30.0) -> int:
        """Of a process that is on its way out."""
        return await asyncio.to_thread(self.handle.wait, seconds)


@asynccontextmanager
async def beside(
    mesh: Mesh, service: str, folder: Path, *, waits: bool = True, **settings: str
) -> AsyncIterator[Beside]:
    """Starts it with the environment of the stack's own process and what is given here; killed afterwards.

    `folder` takes its log. `waits`: until it answers at all, ready or not.
    """
    environment: Mapping[str, str] = mesh.process(service).environ() | settings
    port = str(free_ports(1)[0])
    command = [sys.executable, "-m", "libs.common.run", APPS.get(service, f"services.{service}.app:app")]
    log = folder / f"{service}-{port}.log"
    with log.open("ab") as output:
        handle = _start(command, {**environment, "PORT": port}, output)
    started = Beside(service, f"http://127.0.0.1:{port}", handle, log)
    try:
        if waits:
            await until(started.is_alive, STARTS_WITHIN)
        yield started
    finally:
        if not started.is_dead:
            for child in started.process.children(recursive=True):
                child.kill()
            handle.kill()
        await started.exit_code()


def _start(command: list[str], environment: Mapping[str, str], output: IO[bytes]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
