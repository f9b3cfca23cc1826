"""Processes stopped, and made to go on."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from deploy.local.processes import send


@contextmanager
def paused(*processes: psutil.Process) -> Iterator[None]:
    """Stopped, with all that they have started; they go on afterwards."""
    family = [each for process in processes for each in (process, *process.children(recursive=True))]
    for each in family:
        send(each, signal.SIGSTOP)
    try:
        yield
    finally:
        for each in family:
            send(each, signal.SIGCONT)
