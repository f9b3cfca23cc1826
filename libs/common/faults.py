"""Named places where a test may have the process killed; nothing at all unless the environment arms one."""

import os
import signal
from typing import Final

ARMED: Final = os.environ.get("BUS_FAULT", "")
"""`name:k`: at the k-th pass of the place `name` the process ends as by `kill -9`."""

_name, _, _count = ARMED.partition(":")
_left = int(_count or "1")


def fault(name: str) -> None:
    """Marks a place between two steps that must survive a crash."""
    global _left  # noqa: PLW0603 - one counter a process is the whole point
    if ARMED and name == _name:
        _left -= 1
        if _left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
