"""Writes at a steady rate, whether the mesh keeps up or not (open loop), and reads beside them."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final

from tests.faults.chaos import accounts, entries, friends, photos, reads
from tests.faults.chaos.crowd import SPECIES, Crowd
from tests.faults.chaos.people import Pair

MOST_AT_WORK: Final = 800
READS_A_WRITE: Final = 0.4
TRIES: Final = 6

Action = Callable[[Crowd], Coroutine[Any, Any, None] | None]
WEIGHTS: Final[dict[Action, int]] = {
    entries.edit: 34,
    entries.toggle: 12,
    entries.catch: 22,
    entries.delete: 8,
    accounts.edit_profile: 9,
    friends.meet: 8,
    photos.upload: 3,
    photos.new_animal: 2,
    accounts.come: 1,
    accounts.leave: 1,
}


async def gather_crowd(crowd: Crowd, count: int) -> None:
    """So many players, each with one identified photo; every two of them are a pair. Before anything breaks."""
    await _some_at_a_time([accounts.sign_up(crowd) for _ in range(count)])
    first = crowd.people[0]
    for _ in range(SPECIES):
        await photos.make_animal(crowd, first)
    crowd.animals = list(crowd.species)
    await _some_at_a_time([photos.identify(crowd, person) for person in crowd.people])
    await asyncio.gather(*crowd.watchers)
    here = crowd.people
    crowd.pairs = [Pair(one, other) for one, other in zip(here[::2], here[1::2], strict=False)]
    crowd.pairs += [Pair(one, other) for one, other in zip(here[1::2], here[2::2], strict=False)]


async def _some_at_a_time(work: list[Coroutine[Any, Any, None]], most: int = 4) -> None:
    places = asyncio.Semaphore(most)

    async def one(coroutine: Coroutine[Any, Any, None]) -> None:
        async with places:
            await coroutine

    await asyncio.gather(*map(one, work))


class Load:
    """Lets players act, `rate` writes a second."""

    def __init__(self, crowd: Crowd, rate: float) -> None:
        self._crowd = crowd
        self._rate = rate
        self._at_work: set[asyncio.Task[None]] = set()
        self.begun = 0

    @property
    def at_work(self) -> int:
        """Writes and reads that have no final answer yet."""
        return len(self._at_work)

    async def run(self, seconds: float) -> None:
        """Begins writes for so long; does not wait for their ends."""
        began, due = time.monotonic(), 0.0
        while (now := time.monotonic() - began) < seconds:
            while due <= now:
                due += 1 / self._rate
                self._begin()
            await asyncio.sleep(max(0.001, due - now))

    async def rest(self) -> None:
        """Waits for the last answers."""
        while self._at_work:
            await asyncio.wait(self._at_work)

    def _begin(self) -> None:
        if len(self._at_work) >= MOST_AT_WORK:
            self._crowd.tally.writes["postponed"] += 1
            return
        rng = self._crowd.rng
        for _ in range(TRIES):
            (action,) = rng.choices(list(WEIGHTS), list(WEIGHTS.values()))
            work = action(self._crowd)
            if work is not None:
                self._go(self._timed(work))
                self.begun += 1
                break
        else:
            self._crowd.tally.writes["postponed"] += 1
        if rng.random() < READS_A_WRITE:
            self._go(reads.look(self._crowd))

    async def _timed(self, work: Coroutine[Any, Any, None]) -> None:
        began = time.monotonic()
        await work
        self._crowd.tally.seconds.append(time.monotonic() - began)

    def _go(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._at_work.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._at_work.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._crowd.tally.surprise(f"an answer that no client understands: {type(error).__name__}: {error}"[:200])
