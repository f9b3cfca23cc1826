"""The whole exercise: players, restarts, and a look at what is left."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from tests.faults.recovery import verified
from tests.faults.rolling.pairs import WAYS_IN, waves
from tests.faults.rolling.players import Busy, Crowd, parsed, ready_players
from tests.faults.rolling.restarts import restart
from tests.faults.rolling.tally import Tally
from tests.faults.rolling.ways_in import WayIn, way_in
from tests.mesh import Mesh

PLAYERS = 6
SPECIES = 20


@dataclass(frozen=True)
class Plan:
    """How much: requests a second; processes at the same time; requests in all, at least."""

    rate: float
    at_once: int
    requests: int
    seed: int


async def roll(mesh: Mesh, folder: Path, plan: Plan, say: Callable[[str], None]) -> Tally:
    """Restarts every process of `mesh` once under load; with requests left over, everything once more."""
    gateways = [mesh.topology["processes"][name]["url"] for name in WAYS_IN]
    async with way_in(folder, gateways) as front:
        say(f"seed {plan.seed}, {plan.rate:g} requests/s, by {front.name}")
        people = await ready_players(front.urls[0], PLAYERS)
        tally = Tally()
        crowd = Crowd(people, random.Random(plan.seed), counting(front, tally))
        for _ in range(SPECIES):
            await crowd.name_a_species(people[0])
        over = asyncio.Event()
        load = asyncio.create_task(play(crowd, plan.rate, over))
        try:
            await asyncio.sleep(1)
            while True:
                for names in waves(plan.at_once):
                    await restart(mesh, names, say)
                if tally.requests >= plan.requests:
                    break
            await asyncio.sleep(1)
        finally:
            over.set()
            await load
        say(f"{len(tally.failed)} failed reads, {len(tally.lost)} lost writes of {tally.requests} requests")
        for busy in people:
            tally.wrong += await differences(front, busy)
    tally.wrong += [" ".join(found) for found in sorted(await verified(mesh))]
    for busy in people:
        await busy.player.__aexit__(None, None, None)
    return tally


async def play(crowd: Crowd, rate: float, over: asyncio.Event) -> None:
    """Open loop: the next request comes when it is its time, whatever has become of those before it."""
    going: set[asyncio.Task[None]] = set()
    due = time.monotonic()
    while not over.is_set():
        task = asyncio.create_task(crowd.act())
        going.add(task)
        task.add_done_callback(going.discard)
        due += 1 / rate
        await asyncio.sleep(max(0.0, due - time.monotonic()))
    await asyncio.gather(*going)


def counting(front: WayIn, tally: Tally) -> Any:
    async def ask(method: str, path: str, busy: Busy | None, **more: Any) -> dict[str, Any] | None:
        headers = _headers(busy) if busy else {}
        began = time.monotonic()
        try:
            status, body = await front.ask(method, path, headers=headers, **more)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            tally.note(method, path, repr(error), began)
            return None
        tally.note(method, path, status, began)
        return parsed(body) if status in (200, 201) else None

    return ask


def _headers(busy: Busy) -> dict[str, str]:
    return {"Authorization": busy.player.authorization}


async def differences(front: WayIn, busy: Busy) -> list[str]:
    """What the mesh says now against what it has acknowledged: nothing lost, nothing doubled."""
    wrong = []
    entries = {each["id"] for each in await _all(front, busy, "/api/v1/dex/entries/my_entries/")}
    if entries != set(busy.entries):
        lost, more = set(busy.entries) - entries, entries - set(busy.entries)
        wrong.append(f"{busy.player.name}: entries lost {lost}, entries nobody was told of {more}")
    for entry in entries - busy.unsure:
        status, body = await front.ask("GET", f"/api/v1/dex/entries/{entry}/", headers=_headers(busy))
        if (status, parsed(body).get("notes")) != (200, busy.entries.get(entry)):
            wrong.append(f"entry {entry} answers {status} {body!r}, acknowledged was {busy.entries.get(entry)!r}")
    jobs = {each["id"] for each in await _all(front, busy, "/api/v1/vision/jobs/")} - {busy.job["id"]}
    if jobs != busy.jobs:
        wrong.append(f"{busy.player.name}: jobs lost {busy.jobs - jobs}, jobs nobody was told of {jobs - busy.jobs}")
    return wrong


async def _all(front: WayIn, busy: Busy, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    page = 1
    while True:
        status, body = await front.ask(
            "GET", f"{path}?page={page}", headers={"Authorization": busy.player.authorization}
        )
        assert status == 200, (path, status, body)
        answer = parsed(body)
        found += answer["results"]
        if answer["next"] is None:
            return found
        page += 1
