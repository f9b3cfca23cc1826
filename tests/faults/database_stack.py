"""A whole mesh that may be hurt: a disk of its own, a played model, short leases and pauses, fault points."""

import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
import psutil
import pytest

from deploy.local.stack import Stack
from tests.conftest import AS_STARTED, SETTINGS
from tests.fakes.model_server import ModelServer
from tests.mesh import Mesh, wait_for_taxonomy

FAULTY_MODELS = tuple(f"faulty-{number}" for number in range(20))
"""Names that a test may give its own steps to (`ModelServer.for_model`), so that many faults are played at once."""
DISK_BYTES = 2 * 1024**3
LEASE_SECONDS = 2.0
CALL_SECONDS = 2.0
PAUSES = (0.3, 0.6)
QUICK = {
    "CV_METHOD": "openai",
    "CV_ALLOWED_MODELS": ",".join(("gpt-4o", *FAULTY_MODELS)),
    "CV_CONCURRENT_JOBS": "16",
    "CV_LEASE_SECONDS": str(LEASE_SECONDS),
    "CV_REQUEST_TIMEOUT_SECONDS": str(CALL_SECONDS),
    "CV_RETRY_DELAYS_SECONDS": ",".join(str(pause) for pause in PAUSES),
    "CV_POLL_SECONDS": "0.2",
    "CV_ANSWER_PATIENCE_SECONDS": "5",
    "OPENAI_API_KEY": "sk-of-the-fault-suite",
}
"""Contract B6 with its clock run faster; what it says of attempts and leases stays."""


@dataclass(frozen=True)
class HurtMesh(Mesh):
    """A running mesh, its model, and the folder by which its next processes are armed (`BUS_FAULT_DIR`)."""

    model: ModelServer
    faults: Path

    @property
    def admin_url(self) -> str:
        return str(self.topology["postgres"]["admin_url"])

    @property
    def blobs(self) -> Path:
        return self.data_dir / "blobs"

    async def is_back(self, name: str, pid: int) -> bool:
        """Whether a process has been started again since it was `pid`."""
        try:
            return self.process(name).pid != pid
        except psutil.NoSuchProcess:
            return False  # Gone already, and not written down anew yet.

    async def alive(self, name: str) -> int:
        """What a process of the mesh answers when asked whether it lives; 0 without an answer within a second."""
        async with httpx.AsyncClient(timeout=1) as client:
            try:
                return (await client.get(f"{self.topology['processes'][name]['url']}/health/")).status_code
            except httpx.HTTPError:
                return 0

    async def fetched(self, path: str) -> int:
        """Status of a whole answer of the gateway, to nobody in particular."""
        async with httpx.AsyncClient(timeout=10) as client:
            return (await client.get(self.url + path)).status_code

    def resize_disk(self, *, to_what_is_used: bool) -> None:
        """Makes the mesh's own disk just as large as what is on it, or large again; only where `may_mount`."""
        used = os.statvfs(self.data_dir)
        size = (used.f_blocks - used.f_bfree) * used.f_frsize if to_what_is_used else DISK_BYTES
        subprocess.run(["mount", "-o", f"remount,size={size}", self.data_dir], check=True)

    @asynccontextmanager
    async def database(self) -> AsyncIterator[asyncpg.Connection]:
        """A superuser's connection."""
        connection = await asyncpg.connect(self.admin_url)
        try:
            yield connection
        finally:
            await connection.close(timeout=2)


def may_mount() -> bool:
    """Whether this user can give the mesh a disk of its own, as a full one needs (H14)."""
    return os.geteuid() == 0 and shutil.which("mount") is not None


@contextmanager
def own_disk(folder: Path) -> Iterator[None]:
    """A file system in memory at `folder`, where we may mount one; else the folder as it is."""
    if not may_mount():
        yield
        return
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=755", "biologidex-faults", folder], check=True
    )
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture(scope="session")
def hurt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HurtMesh]:
    """The mesh of the tests that pause, kill and fill: one for all of them, so each leaves it sound."""
    folder, faults = tmp_path_factory.mktemp("hurt"), tmp_path_factory.mktemp("faults")
    with ExitStack() as stack:
        stack.enter_context(own_disk(folder))
        model = stack.enter_context(ModelServer())
        environment = AS_STARTED | SETTINGS | QUICK | {"OPENAI_BASE_URL": model.url, "BUS_FAULT_DIR": str(faults)}
        mesh = stack.enter_context(Stack(folder, environment=environment, careless=True))
        wait_for_taxonomy(mesh.url)
        yield HurtMesh(mesh.data_dir, model, faults)
