"""The stack of a drill: a process of its own, as `make dev` runs it, that can be destroyed as by a power failure."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import httpx
import psutil

from deploy.commands.places import find_topology
from deploy.local.failure import StackFailure
from deploy.local.guardian import marked
from deploy.local.ports import free_ports
from deploy.local.processes import CHECKOUT

READY_SECONDS: Final = 180.0
END_SECONDS: Final = 30.0
NOT_OURS: Final = ("ADMIN_DATABASE_URL", "NATS_URL", "BLOB_URL", "OPENAI_API_KEY", "SENTRY_DSN")
"""A drill touches nobody's servers and pays nobody."""
SETTINGS: Final = {"THROTTLE_ANON_RATE": "off", "THROTTLE_USER_RATE": "off", "THROTTLE_UPLOAD_RATE": "off"}


class Running:
    """A stack that runs in `data_dir`."""

    def __init__(self, process: subprocess.Popen[str], data_dir: Path) -> None:
        self._process, self.data_dir = process, data_dir
        self._topology = find_topology(data_dir)

    @property
    def url(self) -> str:
        return str(self._topology["url"])

    @property
    def topology(self) -> dict[str, Any]:
        """What it has said of itself when it was ready."""
        return self._topology

    def destroy(self) -> float:
        """Kill all of it at one stroke, so that nobody can write anything down; returns when (Unix time)."""
        # Whoever would start them again is stopped first.
        self._process.send_signal(signal.SIGSTOP)
        moment = time.time()
        for process in marked(str(self.data_dir)):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._process.kill()
        self._process.wait()
        with suppress(psutil.NoSuchProcess):
            psutil.Process(self._topology["guardian_pid"]).wait(END_SECONDS)
        return moment

    def end(self) -> None:
        """In good order, if it still runs."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(END_SECONDS)


@contextmanager
def running(data_dir: Path, backups: Path, given: dict[str, str]) -> Iterator[Running]:
    """Starts one, waits until it is ready, and has it ended afterwards unless it was destroyed.

    Raises:
        StackFailure: it does not come up; with what it said.
    """
    environment = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
    environment |= SETTINGS | given
    environment |= {"DATA_DIR": str(data_dir), "BACKUP_DIR": str(backups), "PORT": str(free_ports(1)[0])}
    said = data_dir.with_name(f"{data_dir.name}.log")
    with (
        said.open("ab") as log,
        subprocess.Popen(
            (sys.executable, "-m", "deploy.local", "dev"),
            cwd=CHECKOUT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        if not process.stdout.readline().startswith("ready"):
            process.wait(END_SECONDS)
            raise StackFailure(said.read_text()[-2000:])
        stack = Running(process, data_dir)
        try:
            yield stack
        finally:
            if process.poll() is None:
                stack.end()


def wait_for_names(url: str) -> None:
    """After its first start a mesh is ready some seconds before its taxonomy is filled."""
    deadline = time.monotonic() + READY_SECONDS
    while httpx.get(f"{url}/api/v1/taxonomy/search/?q=Bison%20bison").json().get("count") != 1:
        if time.monotonic() > deadline:
            raise StackFailure(f"the taxonomy is not there after {READY_SECONDS:.0f} s")
        time.sleep(0.1)
