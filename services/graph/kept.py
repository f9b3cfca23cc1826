"""What was made and may be asked for again, in this process's memory: bounded by bytes and by time (contract B12).

Nothing has to be dropped for being old: what is kept names the version of the projection that it was made from.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic
from typing import NamedTuple, TypeVar, cast
from uuid import UUID
from weakref import WeakValueDictionary

from prometheus_client import Counter

looked_up = Counter("django_cache_operations", "Look-ups of kept answers.", ["operation", "hit"])

Thing = TypeVar("Thing")


class Place(NamedTuple):
    """Where something is kept: for whom, and what was asked. Only its newest version stays."""

    viewer: UUID
    asked: str


@dataclass(frozen=True, slots=True)
class _Entry:
    version: str
    thing: object
    weight: int
    until: float


class Kept:
    """The least lately used goes first when `most_bytes` are exceeded."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._weight = 0
        self._entries: OrderedDict[Place, _Entry] = OrderedDict()
        self._turns: WeakValueDictionary[Place, asyncio.Lock] = WeakValueDictionary()

    async def get_or_make(
        self,
        place: Place,
        version: str,
        make: Callable[[], Awaitable[Thing]],
        *,
        weigh: Callable[[Thing], int],
        seconds: float,
        anew: bool = False,
    ) -> Thing:
        """What is kept at `place` in this version, else what `make` makes; with `anew` always the latter.

        Of several who ask for the same at once one makes it, the others wait for it.
        """
        if not anew and (entry := self._find(place, version)):
            return cast(Thing, self._hit(entry))
        # The name holds the lock alive for as long as somebody needs it.
        turn = self._turns.setdefault(place, asyncio.Lock())
        async with turn:
            if not anew and (entry := self._find(place, version)):
                return cast(Thing, self._hit(entry))
            looked_up.labels("get", "false").inc()
            thing = await make()
            self._put(place, _Entry(version, thing, weigh(thing), monotonic() + seconds))
            return thing

    def drop_of(self, viewer: UUID) -> None:
        """Forgets what is kept for one viewer."""
        for place in [place for place in self._entries if place.viewer == viewer]:
            self._drop(place)

    def drop_all(self) -> None:
        """Forgets everything."""
        self._entries.clear()
        self._weight = 0

    @property
    def weight(self) -> int:
        """Bytes held, as weighed when they were put in."""
        return self._weight

    def _find(self, place: Place, version: str) -> _Entry | None:
        entry = self._entries.get(place)
        if entry is None or entry.version != version or entry.until < monotonic():
            return None
        self._entries.move_to_end(place)
        return entry

    def _hit(self, entry: _Entry) -> object:
        looked_up.labels("get", "true").inc()
        return entry.thing

    def _put(self, place: Place, entry: _Entry) -> None:
        self._drop(place)
        if entry.weight > self._most_bytes:
            return
        self._entries[place] = entry
        self._weight += entry.weight
        while self._weight > self._most_bytes:
            self._drop(next(iter(self._entries)))

    def _drop(self, place: Place) -> None:
        if entry := self._entries.pop(place, None):
            self._weight -= entry.weight
