"""What a decoder's child process does first. Imports little: every child pays for it in time and memory."""

import ctypes
import math
import multiprocessing
import os
import resource
import threading
import warnings
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

MALLOPT_ARENA_MAX: Final = -8
"""Of glibc's `mallopt`."""

P = ParamSpec("P")
Result = TypeVar("Result")


def limit_this_process(memory: int) -> None:
    """Runs first in every child: limits by the kernel, and an end together with the parent."""
    _share_one_heap()
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # One file can make a decoder warn sixty thousand times; the log would be the attacker's.
    warnings.simplefilter("ignore")
    threading.Thread(target=_end_with_parent, daemon=True).start()


def within(seconds: int, function: Callable[P, Result], /, *args: P.args, **kwargs: P.kwargs) -> Result:
    """Runs one task; the kernel ends this process when the task has used so much processor time.

    Not the clock's time: a picture is to be judged by what it costs, not by how busy the machine is.
    """
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    until = math.ceil(used.ru_utime + used.ru_stime) + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (until if most == resource.RLIM_INFINITY else min(until, most), most))
    return function(*args, **kwargs)


def _share_one_heap() -> None:
    """Else every thread that ever decoded keeps 64 MB of addresses, until large pictures no longer fit the limit."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(MALLOPT_ARENA_MAX, 1)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
