"""What players are told while something is broken: kept, so that a test can say what was never among it."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from deploy.local.player import Player

LONGEST_SECONDS = 8.0
"""The gateway's five seconds for a read and what a busy machine adds; nobody is promised more."""
PATIENCE_SECONDS = 90.0
"""For processes that have to be started (again); two seconds each on a quiet machine."""
READS = ("/users/me/", "/dex/entries/my_entries/", "/social/friendships/friends/", "/animals/", "/vision/jobs/")
"""One of each service with a database of its own; the trees are kept in memory and are asked for themselves."""


@dataclass(frozen=True)
class Told:
    """One answer: status 0 where there was none; `seconds` it took."""

    path: str
    status: int
    seconds: float
    retry_after: str | None
    text: str

    @property
    def is_refusal(self) -> bool:
        """Away for the moment, and says when to come back (contract G3, G9)."""
        return self.status == 503 and (self.retry_after or "").isdecimal() and '"detail"' in self.text


async def ask(player: Player, path: str, method: str = "GET", **more: object) -> Told:
    """One request, whatever comes of it."""
    began = time.monotonic()
    try:
        answer = await player.raw(method, path, **more)
    except httpx.HTTPError as error:
        return Told(path, 0, time.monotonic() - began, None, repr(error))
    return Told(
        path, answer.status_code, time.monotonic() - began, answer.headers.get("retry-after"), answer.text[:300]
    )


async def ask_all(player: Player, paths: Sequence[str] = READS) -> list[Told]:
    """All of these at the same time."""
    return list(await asyncio.gather(*(ask(player, path) for path in paths)))


async def all_answer(player: Player, paths: Sequence[str] = READS) -> bool:
    """Whether everything is as it should be."""
    return all(each.status == 200 for each in await ask_all(player, paths))


@dataclass
class Watch:
    """A player who asks for everything, again and again."""

    answers: list[Told] = field(default_factory=list)

    def must_be(self, *statuses: int) -> None:
        """Only these, refusals that say when to come back, and all of them in time."""
        wrong = [each for each in self.answers if each.status not in statuses and not each.is_refusal]
        assert not wrong, wrong[:5]
        late = [each for each in self.answers if each.seconds > LONGEST_SECONDS]
        assert not late, late[:5]

    @property
    def refusals(self) -> int:
        return sum(each.is_refusal for each in self.answers)


@asynccontextmanager
async def watching(player: Player, paths: Sequence[str] = READS, pause: float = 0.05) -> AsyncIterator[Watch]:
    """Asks in the background for as long as the block runs; an answer that is on its way at its end is waited for."""
    watch, over = Watch(), asyncio.Event()

    async def look(path: str) -> None:
        while not over.is_set():
            watch.answers.append(await ask(player, path))
            await asyncio.sleep(pause)

    async with asyncio.TaskGroup() as group:
        for path in paths:
            group.create_task(look(path))
        try:
            yield watch
        finally:
            over.set()
