"""Ctrl-C, heard between two actions: what has begun is finished, then the way back begins."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from deploy.rollout.failure import Interrupted
from deploy.rollout.journal import Say

LOOK_SECONDS: Final = 0.5


class Interruption:
    """One request to end. The first is obeyed between two actions; on the way back a second one ends at once."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._asked = False
        self._on_the_way_back = False

    def look(self) -> None:
        """Raises Interrupted: somebody has asked, and nothing is being taken back yet."""
        if self._asked and not self._on_the_way_back:
            raise Interrupted("it was interrupted")

    def pause(self, seconds: float = LOOK_SECONDS) -> None:
        """Waits; obeys meanwhile."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.look()
            time.sleep(min(LOOK_SECONDS, left))
        self.look()

    def way_back(self) -> None:
        """From now on somebody who asks once more means it."""
        self._on_the_way_back = True
        self._asked = False

    @contextmanager
    def heard(self) -> Iterator[None]:
        """SIGINT and SIGTERM come here meanwhile."""
        former = {number: signal.signal(number, self._hear) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if self._asked and self._on_the_way_back:
            raise KeyboardInterrupt
        self._asked = True
        if self._on_the_way_back:
            self._say("[yellow]The way back is going on; once more ends here and leaves things as they are.[/]")
        else:
            self._say("[yellow]Heard: this action is finished, then the old version comes back.[/]")
