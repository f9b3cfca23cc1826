"""Named places where a test may have the process killed; nothing at all unless the environment arms one.

`BUS_FAULT=relay.mid_publish:3` arms every process that is started with it: at the third pass it ends as by `kill -9`.
`relay.mid_publish:3:stop` halts it there, until somebody sends SIGCONT. `BUS_FAULT_DIR` names a folder instead, where
a file of the process's name (`SERVICE_NAME`) holds the same words: the next process of that name takes the file away as
it starts, so that whoever is started in its place runs through.
"""

import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Final


def _armed() -> str:
    """`name:k` or `name:k:stop`: what is to happen at the k-th pass of the place `name`."""
    if folder := os.environ.get("BUS_FAULT_DIR"):
        given = Path(folder, os.environ.get("SERVICE_NAME", "-"))
        with suppress(FileNotFoundError):
            words = given.read_text().strip()
            given.unlink()
            return words
    return os.environ.get("BUS_FAULT", "")


ARMED: Final = _armed()
_name, _count, _how = (*ARMED.split(":"), "", "")[:3]
_left = int(_count or "1")
_signal = signal.SIGSTOP if _how == "stop" else signal.SIGKILL


def fault(name: str) -> None:
    """Marks a place between two steps that must survive a crash."""
    global _left  # noqa: PLW0603 - one counter a process is the whole point
    if ARMED and name == _name:
        _left -= 1
        if _left == 0:
            os.kill(os.getpid(), _signal)
