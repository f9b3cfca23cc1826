"""A thousand games at once, each by the client's own law: `python -m tests.faults.storm.games`.

A process of its own. The first line of its stdin is the plan as JSON; it answers with a line when the games run; at the
end of stdin no game wants anything new, what has been asked for is seen to its end, and stdout tells what came of it.
"""

import asyncio
import json
import random
import resource
import sys
import time
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final

import uvloop

from tests.e2e.godot import Failed, Godot
from tests.e2e.godot_wire import Answer
from tests.faults.storm.figures import Attempt

CATCHES: Final = 0.1
"""Of all that a game wants; the rest are reads."""
READS: Final = (
    "/dex/entries/my_entries/",
    "/dex/entries/sync_entries/",
    "/dex/entries/friends_overview/",
    "/social/friendships/friends/",
    "/social/friendships/pending/",
    "/users/friend_code/",
)
"""What screens ask for when they open, and nobody can answer without the database."""
LAST_ANSWERS_SECONDS: Final = 60.0

_attempt: ContextVar[int] = ContextVar("attempt", default=0)


@dataclass
class Seen:
    """All that the games saw; times by the clock that all processes of a machine share."""

    attempts: list[Attempt] = field(default_factory=list)
    caught: list[tuple[int, str, str]] = field(default_factory=list)
    """Acknowledged: game, animal, entry."""
    tried: list[tuple[int, str]] = field(default_factory=list)
    """Asked for, whatever came of it: game, animal."""
    shown: list[str] = field(default_factory=list)
    """What screens showed instead of what was wanted."""
    broken: list[str] = field(default_factory=list)
    """Answers that would break a game, and games that wait for one for ever."""


class Game(Godot):
    """The double at its real pace, with the patience of the client's settings, telling of each attempt."""

    def __init__(self, number: int, plan: Mapping[str, Any], seen: Seen) -> None:
        super().__init__(plan["url"], hurry=1.0)
        mine = plan["games"][number]
        self.access = mine["access"]
        self._number, self._patience, self._seen = number, plan["patience"], seen
        self._animals: list[str] = mine["animals"]
        self._job: str = mine["job"]

    async def want(self) -> None:
        """One thing that its player does."""
        try:
            if self._animals and random.random() < CATCHES:
                await self._catch(self._animals.pop())
            elif random.random() < 1 / len(READS):
                await self.get(f"/vision/jobs/{self._job}/")
            else:
                await self.get(random.choice(READS))
        except Failed as failure:
            self._seen.shown.append(f"{failure.status} {failure}")
        except (OSError, EOFError) as error:
            self._seen.shown.append(type(error).__name__)
        except Exception as error:
            self._seen.broken.append(repr(error)[:300])

    async def _catch(self, animal: str) -> None:
        self._seen.tried.append((self._number, animal))
        wish = {"animal": animal, "source_vision_job": self._job, "notes": f"seen by game {self._number}"}
        entry = await self.post("/dex/entries/", wish)
        self._seen.caught.append((self._number, animal, entry.variant("id")))

    async def _followed(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        number, status, says_when, began = _attempt.get(), 0, False, time.monotonic()
        _attempt.set(number + 1)
        try:
            async with asyncio.timeout(self._patience):
                answer = await super()._followed(method, path, headers, body)
            status, says_when = answer.status, answer.headers.get("retry-after", "").isdecimal()
            return answer
        finally:
            took = time.monotonic() - began
            self._seen.attempts.append(Attempt(self._number, began, took, status, says_when, method, number > 0))


async def play(plan: Mapping[str, Any]) -> Seen:
    """Each game wants something every `period` seconds by its own clock, whatever has become of what it wanted."""
    random.seed(plan["seed"])
    seen = Seen()
    games = [Game(number, plan, seen) for number in range(len(plan["games"]))]
    random.shuffle(games)  # Neighbors share an account.
    going: set[asyncio.Task[None]] = set()
    over = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    print("the games run", flush=True)
    due, turn = time.monotonic(), 0
    while not over.done():
        while due <= time.monotonic():
            task = asyncio.create_task(games[turn % len(games)].want())
            going.add(task)
            task.add_done_callback(going.discard)
            due, turn = due + plan["period"] / len(games), turn + 1
        await asyncio.sleep(max(0.0, due - time.monotonic()))
    if going:
        _, waiting = await asyncio.wait(going, timeout=LAST_ANSWERS_SECONDS)
        seen.broken += ["waits for ever"] * len(waiting)
        for task in waiting:
            task.cancel()
    return seen


def main() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 16384)), hard))
    seen = uvloop.run(play(json.loads(sys.stdin.readline())))
    json.dump(seen.__dict__, sys.stdout)


if __name__ == "__main__":
    main()
