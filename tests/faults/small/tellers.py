"""Processes of the small service: real ones, forked from one that has imported everything, so each is there at once."""

import ctypes
import importlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

import psutil

from deploy.local.launch import PR_SET_PDEATHSIG
from deploy.local.ports import free_ports
from tests.mesh import until

FORKING = multiprocessing.get_context("forkserver")
FORKING.set_forkserver_preload(["libs.common.service", "libs.common.run"])
APP = "tests.faults.small.app:app"


@dataclass(frozen=True)
class Teller:
    """One running process of the small service."""

    process: BaseProcess
    url: str
    log: Path

    @classmethod
    def started(cls, name: str, folder: Path, environment: Mapping[str, str]) -> "Teller":
        """A new process; its output goes to `<name>.log` in `folder`."""
        port = free_ports(1)[0]
        log = folder / f"{name}.log"
        surroundings = {"SERVICE_NAME": name, "HOST": "127.0.0.1", "PORT": str(port), **environment}
        process = FORKING.Process(target=serve, args=(surroundings, str(log)), name=name, daemon=True)
        process.start()
        return cls(process, f"http://127.0.0.1:{port}", log)

    @property
    def seen(self) -> psutil.Process:
        assert self.process.pid is not None
        return psutil.Process(self.process.pid)

    @property
    def halted(self) -> bool:
        """Whether a fault point (or somebody) has stopped it."""
        return self.seen.status() == psutil.STATUS_STOPPED

    def signal(self, number: int) -> None:
        assert self.process.pid is not None
        os.kill(self.process.pid, number)

    async def ended(self, seconds: float = 15.0) -> int:
        """Waits for its end; its exit code, or minus the signal that ended it."""

        async def over() -> bool:
            return self.process.exitcode is not None

        await until(over, seconds)
        assert self.process.exitcode is not None
        return self.process.exitcode

    def kill(self) -> None:
        self.process.kill()
        self.process.join()


def serve(environment: dict[str, str], log: str) -> None:
    """Runs in the child: becomes a process of the small service."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.environ.update(environment)
    # The fault points were armed, or not, when the parent imported them.
    importlib.reload(importlib.import_module("libs.common.faults"))
    importlib.import_module("tests.faults.small.clocks").shorten()
    importlib.import_module("libs.common.run").main(APP)
