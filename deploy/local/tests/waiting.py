"""Waiting for what happens in other processes."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from deploy.local.guardian import marked
from deploy.local.processes import running


def until(happened: Callable[[], Any], seconds: float = 15.0) -> Any:
    """The first true answer of `happened`; fails the test when there is none in time."""
    limit = time.monotonic() + seconds
    while not (answer := happened()):
        assert time.monotonic() < limit, f"did not happen within {seconds} s"
        time.sleep(0.02)
    return answer


def processes_of(folder: Path) -> list[psutil.Process]:
    """All that runs for the stack in `folder`: what carries its mark, its guardian, PostgreSQL with its children."""
    found = marked(str(folder))
    for process in psutil.process_iter():
        try:
            if process in found or not running(process):
                continue
            serves_it = process.name() == "postgres" and process.cwd() == str(folder / "postgres")
            if serves_it or process.cmdline()[1:] == ["-m", "deploy.local.guardian", str(folder)]:
                found.append(process)
        except psutil.Error:
            continue
    return found


def described(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "topology.json").read_text())
