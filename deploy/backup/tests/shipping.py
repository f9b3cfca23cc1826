"""The archiving process, as a thread of a test."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from deploy.backup.archiving import Archiving


@contextmanager
def archiving(work: Archiving) -> Iterator[None]:
    """Ships whatever comes, until it is left."""
    over = threading.Event()

    def ship() -> None:
        while not over.wait(0.05):
            work.ship()

    thread = threading.Thread(target=ship)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
