"""How long the whole stack takes from the command to its `ready` line, and how much memory it holds when idle."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from deploy.local.ports import free_ports
from tests.bench.figures import Figure

ROOT = Path(__file__).parents[2]
SETTLE_SECONDS = 10
OFF = {f"THROTTLE_{name}_RATE": "off" for name in ("ANON", "USER", "UPLOAD", "FRIEND_CODE")}


@dataclass(frozen=True)
class Run:
    """A running stack, started as a person would start it."""

    url: str
    seconds: float
    process: psutil.Process
    data_dir: Path

    @property
    def topology(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.data_dir / "topology.json").read_text())
        return found

    def family(self) -> list[psutil.Process]:
        """The stack's parent and everything below it."""
        return [self.process, *self.process.children(recursive=True)]

    def cpu_seconds(self) -> float:
        """Processor time that all of the stack has used so far, ended children of PostgreSQL included."""
        total = 0.0
        for process in self.family():
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system
        return total

    def figures(self) -> list[Figure]:
        """Start-up time, and memory after it has settled."""
        time.sleep(SETTLE_SECONDS)
        memory = sum(process.memory_full_info().pss for process in self.family())
        return [
            Figure("empty data folder: command → ready", "≤ 20 s", f"{self.seconds:.1f} s"),
            Figure("all processes, idle, proportional set size", "≤ 1.2 GB", f"{memory / 1e9:.2f} GB"),
        ]


@contextmanager
def started(data_dir: Path) -> Iterator[Run]:
    """Runs `./bdx dev` in an empty folder, and ends it afterwards."""
    port = free_ports(1)[0]
    environment = {**os.environ, **OFF, "PORT": str(port), "DATA_DIR": str(data_dir)}
    began = time.monotonic()
    child = subprocess.Popen(
        [sys.executable, "-m", "deploy.commands", "dev"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert child.stdout is not None
        line = child.stdout.readline()
        seconds = time.monotonic() - began
        if not line.startswith("ready "):
            raise SystemExit("the stack did not start; `make dev` says why")
        yield Run(line.split()[1], seconds, psutil.Process(child.pid), data_dir)
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait(30)
