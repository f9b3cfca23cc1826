"""What a decoder's child process does first. Imports little: every child pays for it in time and memory."""

import multiprocessing
import os
import resource
import threading


def limit_this_process(memory: int) -> None:
    """Runs first in every child: limits by the kernel, and an end together with the parent."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
