"""How many requests may be at one service at once, and how that number finds itself (hardening 0.7).

A fixed number is either too small for a burst that would be over in a moment, or so large that under lasting overload
everybody waits for seconds. So there is a most for bursts; only a full queue that does not drain makes it smaller.
"""

import time
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any, Final, Self

from libs.common.errors import Unavailable
from services.gateway import measures

RETRY_AFTER_SECONDS: Final = 1
LONG_SECONDS: Final = 0.15
"""An answer that takes longer has mostly waited: half of all that long means a queue."""
LASTING_SECONDS: Final = 0.75
"""How long a queue may stand before it counts as one that does not drain."""
LOOK_SECONDS: Final = 0.25
LEAST: Final = 3
FORGET_SECONDS: Final = 1.0
KEPT: Final = "biologidex.place"
"""Where a request's scope carries the place that was kept for it at the door."""


class StandingQueue:
    """The number of places by how long answers take. Pure: it is told the time.

    As CoDel does for packets: short answers never matter, however many; long ones do when they last. Not even those,
    while everybody finds a place: then a slow service, a start beside it or one player's own row of writes make answers
    long, and to refuse others would make nothing shorter.
    """

    def __init__(self, most: int) -> None:
        self.limit = most
        self._most = most
        self._least = min(LEAST, most)
        self._seconds: list[float] = []
        self._looked_at = 0.0
        self._long_since: float | None = None
        self._refused = False

    def refused(self) -> None:
        """Somebody found all places taken."""
        self._refused = True

    def answered(self, seconds: float, now: float) -> None:
        """One request has left its place after so many seconds."""
        self._seconds.append(seconds)
        if now - self._looked_at >= LOOK_SECONDS:
            if now - self._looked_at > FORGET_SECONDS + LOOK_SECONDS:
                self._calm()  # Hardly anybody came meanwhile.
            self._look(now)

    def _look(self, now: float) -> None:
        middle = sorted(self._seconds)[len(self._seconds) // 2]
        if not self._refused:
            self._long_since = None
            self.limit = min(self._most, self.limit + max(1, self.limit // 2))
        elif middle <= LONG_SECONDS:
            # As long as people are refused, slowly: then this is about what the service can bear.
            self._long_since = None
            self.limit = min(self._most, self.limit + 1)
        elif self.limit < self._most:
            self.limit = max(self._least, self.limit * 4 // 5)
        elif self._long_since is None:
            self._long_since = now
        elif now - self._long_since >= LASTING_SECONDS:
            self.limit = max(self._least, min(self.limit // 2, len(self._seconds)))
        self._seconds.clear()
        self._looked_at, self._refused = now, False

    def _calm(self) -> None:
        self.limit, self._long_since = self._most, None
        del self._seconds[:-1]


class Place:
    """One request's place at a service; left once, by whoever is done with it first."""

    __slots__ = ("_places", "_since")

    def __init__(self, places: "Places") -> None:
        self._places: Places | None = places
        self._since = time.monotonic()

    def leave(self, *, unused: bool = False) -> None:
        """`unused`: the request never came as far as the service, so its time says nothing about that."""
        if self._places is not None:
            self._places.left(None if unused else time.monotonic() - self._since)
            self._places = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.leave()


class Together:
    """How many requests may be at all services together: services that share a machine share its queue, too."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.count = 0


class Places:
    """The places at one service; who finds none is refused at once, which keeps the rest quick.

    With `together` their number adapts, and is bounded together with that of the other services.
    """

    def __init__(self, service: str, kind: str, size: int, together: Together | None = None) -> None:
        self._size = size
        self._queue = StandingQueue(size) if together else None
        self._together = together or Together(size)
        self._count = 0
        self._taken = measures.in_flight.labels(service, kind)
        self._shed = measures.shed.labels(service)

    @property
    def are_taken(self) -> bool:
        """Whether there is no place for one more."""
        limit = self._queue.limit if self._queue else self._size
        return self._count >= limit or self._together.count >= self._together.size

    def take(self) -> Place:
        """Raises:
        Unavailable: 503 with `Retry-After`, when all places are taken.
        """
        if self.are_taken:
            self.refuse()
            raise Unavailable(retry_after=RETRY_AFTER_SECONDS)
        self._count += 1
        self._together.count += 1
        self._taken.inc()
        return Place(self)

    def refuse(self) -> None:
        """Counts one who found no place."""
        self._shed.inc()
        if self._queue:
            self._queue.refused()

    def left(self, seconds: float | None) -> None:
        """A place is free again; it was taken for so long, None where that means nothing."""
        self._count -= 1
        self._together.count -= 1
        self._taken.dec()
        if self._queue and seconds is not None:
            self._queue.answered(seconds, time.monotonic())


def kept_place(scope: MutableMapping[str, Any]) -> Place | None:
    """The place that was kept for this request, if any; whoever takes it out of the scope must leave it."""
    place: Place | None = scope.pop(KEPT, None)
    return place
