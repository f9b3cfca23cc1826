"""A NATS server that a test may kill, halt and start again on the same files."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

from deploy.local.nats import Nats
from deploy.local.ports import free_ports


class BusServer:
    """One server in a folder of its own; not running at first."""

    def __init__(self, folder: Path) -> None:
        port, monitor_port = free_ports(2)
        folder.mkdir(parents=True, exist_ok=True)
        self._nats = Nats(folder / "nats", port, monitor_port, "secret", folder / "nats.log", dict(os.environ))
        self._nats.configure()
        self._process: subprocess.Popen[bytes] | None = None
        self.url, self.monitor_url = self._nats.url, self._nats.monitor_url

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def seen(self) -> psutil.Process:
        return psutil.Process(self.pid)

    def start(self) -> None:
        """Returns when it answers and has read what it holds."""
        self._process = self._nats.program().start()
        wait_for(self._nats.answers)

    def kill(self) -> None:
        """As by `kill -9`; its files stay."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self._process.wait()

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def wipe(self) -> None:
        """All it holds is gone. Kill it first."""
        shutil.rmtree(self._nats.folder / "jetstream")


def wait_for(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not so after {seconds:.0f} s")
        time.sleep(0.02)
