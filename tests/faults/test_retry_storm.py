"""A thousand games time out and repeat by the client's law; what they offer is as before in half a minute (H27)."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.model_steps import Say
from tests.faults.database_stack import HurtMesh
from tests.faults.recovery import verified
from tests.faults.rolling.players import Busy, ready_players
from tests.faults.signals import paused
from tests.faults.storm.figures import Attempt, Figures
from tests.faults.told import LONGEST_SECONDS

ROOT = Path(__file__).parents[2]
GAMES = 1000
PLAYERS = 20
"""Accounts; fifty games share one, for a thousand would take minutes to sign up."""
ANIMALS_EACH = 2
PERIOD_SECONDS = 30.0
"""From one wish of a game to the next: 33 requests a second in all, which a busy machine bears."""
PATIENCE_SECONDS = 30.0
"""The client's setting. It may have no effect (contract C2): then nobody repeats what the gateway never answers, and
the storm is smaller."""
SETTLING_SECONDS = 5.0
BEFORE_SECONDS = 15.0
AFTER_SECONDS = 45.0
BACK_WITHIN_SECONDS = 30.0
LAST_SECONDS = 15.0
GOOD = 0.98
"""Of what is offered, where nothing is broken; the rest is the machine's."""
WRITES_END_WITHIN = 18.0
"""The gateway's fifteen seconds for a write and what a busy machine adds."""


@dataclass
class Games:
    """The generator's process, and what it tells at the end."""

    told: dict[str, Any] = field(default_factory=dict)

    @property
    def attempts(self) -> list[Attempt]:
        return [Attempt(*each) for each in self.told["attempts"]]


@pytest.mark.long
@pytest.mark.timeout(420)
@pytest.mark.parametrize(
    ("who", "seconds"),
    [
        # The mesh answers in the database's stead, within five seconds, and is asked again.
        pytest.param("postgres", PERIOD_SECONDS, id="database"),
        # Nobody answers anybody. As long as it takes until every game has wanted something and lost patience; what
        # they have left behind is at the gateway's door when it wakes, and is worked off for nobody.
        pytest.param("gateway", PERIOD_SECONDS + PATIENCE_SECONDS, id="gateway"),
    ],
)
async def test_the_load_is_the_usual_one_soon_after(hurt: HurtMesh, who: str, seconds: float) -> None:
    """H27: no metastable collapse, no failure but refusals that say when to come back, nothing acknowledged is lost."""
    hurt.model.otherwise = Say("Panthera onca (jaguar)")
    async with AsyncExitStack() as stack:
        people = await ready_players(hurt.url, PLAYERS)
        for busy in people:
            stack.push_async_exit(busy.player)
        await _storm(hurt, people, who, seconds)
        assert not await verified(hurt)


async def _storm(hurt: HurtMesh, people: list[Busy], who: str, seconds: float) -> None:
    async with playing(await _plan(hurt, people)) as games:
        await asyncio.sleep(SETTLING_SECONDS)
        before = time.monotonic()
        await asyncio.sleep(BEFORE_SECONDS)
        broken = time.monotonic()
        with paused(hurt.process(who)):
            await asyncio.sleep(seconds)
        released = time.monotonic()
        await asyncio.sleep(AFTER_SECONDS)
        end = time.monotonic()

    figures = Figures(games.attempts)
    usual = figures.offered(before, broken)
    back = figures.back_after(released, end, usual)
    print(f"\n{who} stopped, {GAMES} games")
    print(figures.line("before", before, broken))
    print(figures.line("in the break", broken, released))
    for start in range(0, 30, 5):
        print(figures.line(f"from {start} s after", released + start, released + start + 5))
    print(figures.line("at the end", end - LAST_SECONDS, end))
    print(f"back to usual {back:.0f} s after; {len(games.told['shown'])} wishes failed for good")

    assert figures.answered(before, broken) > GOOD * usual, "it was not well before"
    _everybody_was_in_it(figures, broken, released)
    _failures_are_as_promised(figures, who, released)
    assert not games.told["broken"], games.told["broken"][:5]
    assert back <= BACK_WITHIN_SECONDS
    assert figures.answered(end - LAST_SECONDS, end) > GOOD * figures.offered(end - LAST_SECONDS, end)
    await _all_is_kept(people, games.told)


def _everybody_was_in_it(figures: Figures, broken: float, released: float) -> None:
    """Nearly each game asked for something in vain, and again; the last few found the break over."""
    hit = {each.game for each in figures.attempts if broken <= each.began < released and not each.is_good}
    again = {each.game for each in figures.attempts if broken <= each.began and each.is_repeat}
    assert len(hit & again) > 0.95 * GAMES


def _failures_are_as_promised(figures: Figures, who: str, released: float) -> None:
    """503 with `Retry-After`, or 504; only a gateway that is stopped itself leaves anybody without an answer."""
    failed = [each for each in figures.attempts if not each.is_good]
    if who == "gateway":
        failed = [each for each in failed if each.status or each.began >= released]
    else:
        late = [each for each in figures.attempts if each.took > _longest(each)]
        assert not late, late[:5]
    wrong = [each for each in failed if each.status != 504 and not (each.status == 503 and each.says_when)]
    assert not wrong, wrong[:5]


def _longest(attempt: Attempt) -> float:
    return LONGEST_SECONDS if attempt.method == "GET" else WRITES_END_WITHIN


async def _all_is_kept(people: list[Busy], told: Mapping[str, Any]) -> None:
    """Every entry that a game was told of is there, once, and none that nobody asked for."""
    assert told["caught"], "nobody caught anything"
    for place, busy in enumerate(people):
        caught = {animal: entry for game, animal, entry in told["caught"] if game % PLAYERS == place}
        tried = {animal for game, animal in told["tried"] if game % PLAYERS == place}
        found = [(each["animal"], each["id"]) for each in await _entries(busy)]
        assert caught.items() <= dict(found).items(), "what was acknowledged is lost"
        assert len({animal for animal, _ in found}) == len(found), "doubled"
        assert {animal for animal, _ in found} <= tried


async def _entries(busy: Busy) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    path: str | None = "/dex/entries/my_entries/?page=1"
    while path:
        answer = await busy.player.get(path)
        found += answer["results"]
        path = answer["next"] and f"/dex/entries/my_entries/?{answer['next'].partition('?')[2]}"
    return found


async def _plan(hurt: HurtMesh, people: list[Busy]) -> dict[str, Any]:
    """What each game starts with: its player's token and job, and animals that no other game of that player takes."""
    first = people[0].player
    animals = []
    for number in range(GAMES // PLAYERS * ANIMALS_EACH):
        name = "".join(chr(ord("a") + int(digit)) for digit in f"{number:03}")
        wish = {"scientific_name": f"Procella {name}us", "family": "Procellidae"}
        animals.append((await first.post("/animals/lookup_or_create/", wish))["animal"]["id"])
    games = []
    for number in range(GAMES):
        busy, turn = people[number % PLAYERS], number // PLAYERS
        access = busy.player.authorization.removeprefix("Bearer ")
        games.append({"access": access, "job": busy.job["id"], "animals": animals[turn :: GAMES // PLAYERS]})
    return {"url": hurt.url, "period": PERIOD_SECONDS, "patience": PATIENCE_SECONDS, "seed": 27, "games": games}


@asynccontextmanager
async def playing(plan: dict[str, Any]) -> AsyncIterator[Games]:
    """The games run while the block does; at its end what they wait for is waited for."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.faults.storm.games"),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=64 * 1024 * 1024,
    )
    assert process.stdin
    assert process.stdout
    games = Games()
    try:
        process.stdin.write(json.dumps(plan).encode() + b"\n")
        await process.stdin.drain()
        assert await process.stdout.readline() == b"the games run\n"
        yield games
        process.stdin.close()
        games.told.update(json.loads(await process.stdout.read()))
    finally:
        with suppress(ProcessLookupError):
            process.kill()  # It has said everything, or nobody listens any more.
        await process.wait()
