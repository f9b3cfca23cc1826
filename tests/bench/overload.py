"""Ten times the load: what is left of the goodput, how quickly the rest is refused, how soon all is well (H27)."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

import psutil

from deploy.commands.walk import PHOTOS
from deploy.local.player import Player
from tests.bench.figures import Figure, quantile, spread
from tests.bench.startup import Run

ROOT: Final = Path(__file__).parents[2]
PLAYERS: Final = 10
ENTRIES: Final = 5
READS_TO_ONE_WRITE: Final = 4
KEPT_CONNECTIONS: Final = 300
TRIAL_SECONDS: Final = 6.0
QUICK: Final = 0.3
TIMES: Final = 10
FLOOD_SECONDS: Final = 30.0
AFTER_SECONDS: Final = 20.0
LOWEST: Final = 20.0
STEP: Final = 1.25


@dataclass(frozen=True)
class Told:
    """What the generator says of one run."""

    rate: float
    seconds: float
    answers: Sequence[tuple[float, float, int, bool]]
    health: Sequence[float]
    due: int
    unsent: int
    broken: int
    cpu: float

    @property
    def good(self) -> list[float]:
        """How long those took that succeeded."""
        return [took for _, took, status, _ in self.answers if status < 300]

    @property
    def refused(self) -> list[float]:
        return [took for _, took, status, _ in self.answers if status in (429, 503)]

    @property
    def is_well(self) -> bool:
        """All of it was answered, and quickly."""
        return len(self.good) == self.due and quantile(self.good, 0.99) < QUICK


async def measure(run: Run) -> list[Figure]:
    """The stack on one core, the generator on the other; on a machine with one core both share it, and it says so."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
    _pin(run, cores[0])
    requests = await _requests(run)
    ask = Generator(run.url, requests, cores[1] if len(cores) > 1 else None)
    for _ in range(3):
        await ask.offer(LOWEST, TRIAL_SECONDS)
    capacity = await _capacity(ask)
    usual = await ask.offer(capacity / 2, TRIAL_SECONDS)
    flood = await ask.offer(TIMES * capacity, FLOOD_SECONDS)
    after = await ask.offer(capacity / 2, AFTER_SECONDS)
    _pin(run, None)
    return _figures(capacity, usual, flood, after)


def _figures(capacity: float, usual: Told, flood: Told, after: Told) -> list[Figure]:
    goodput = len(flood.good) / flood.seconds
    others = [status for _, _, status, _ in flood.answers if status >= 500 and status != 503]
    silent = sum(not says for _, _, status, says in flood.answers if status in (429, 503))
    offered = (flood.due - flood.unsent) / flood.seconds
    limit = "" if flood.unsent < 0.05 * flood.due else f", the generator sent only {offered:.0f}/s"
    name = f"{TIMES} times that for {FLOOD_SECONDS:.0f} s"
    return [
        Figure("capacity: 4 reads to 1 write, p99 < 300 ms, one core", "-", f"{capacity:.0f}/s"),
        Figure("at half of that", "p99 ≤ 100 ms", spread(usual.good)),
        Figure(
            f"{name}: goodput",
            "≥ 0.9 of capacity",
            f"{goodput / capacity:.2f} ({goodput:.0f}/s of {offered:.0f}/s{limit}; {spread(flood.good)})",
        ),
        Figure(f"{name}: refusals", "p99 < 50 ms", f"{spread(flood.refused)} ({len(flood.refused)})"),
        Figure(f"{name}: refusals without Retry-After", "0", str(silent)),
        Figure(f"{name}: other 5xx, broken connections", "0, 0", f"{len(others)}, {flood.broken}"),
        Figure(f"{name}: /health/ meanwhile", "p99 < 100 ms", spread(flood.health)),
        Figure("back to normal afterwards", "≤ 10 s", f"{_well_after(after):.0f} s"),
        Figure("generator's own core", "-", f"{flood.cpu:.0%} busy"),
    ]


def _well_after(told: Told) -> float:
    """Seconds until the last one of bad answers: refused, failed or slow."""
    bad = [due for due, took, status, _ in told.answers if status >= 300 or took > QUICK]
    if told.broken:
        return told.seconds
    return max((due + 1 for due in bad), default=0.0)


class Generator:
    """Starts `tests.bench.open_loop` once for each run."""

    def __init__(self, url: str, requests: Sequence[bytes], core: int | None) -> None:
        address = urlsplit(url)
        self._plan: dict[str, Any] = {
            "host": address.hostname,
            "port": address.port,
            "requests": [request.decode("latin-1") for request in requests],
            "core": core,
            "connections": KEPT_CONNECTIONS,
        }
        self._seed = 0

    async def offer(self, rate: float, seconds: float) -> Told:
        self._seed += 1
        plan = {**self._plan, "rate": rate, "seconds": seconds, "seed": self._seed}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.bench.open_loop"),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        said, _ = await process.communicate(json.dumps(plan).encode())
        found = json.loads(said)
        return Told(rate=rate, seconds=seconds, **found)


async def _capacity(ask: Generator) -> float:
    """The highest rate that is borne: steps of a quarter up to the first that is not, then that step halved, twice."""
    low = LOWEST
    while await _is_borne(ask, low * STEP):
        low *= STEP
    high = low * STEP
    for _ in range(2):
        middle = (low + high) / 2
        if await _is_borne(ask, middle):
            low = middle
        else:
            high = middle
    return low


async def _is_borne(ask: Generator, rate: float) -> bool:
    """At one of three tries: what else the machine does at the moment must not make the capacity look small."""
    for _ in range(3):
        if (await ask.offer(rate, TRIAL_SECONDS)).is_well:
            return True
    return False


async def _requests(run: Run) -> list[bytes]:
    """Prepared requests of players who know each other and have something in their dexes."""
    host = urlsplit(run.url).netloc
    found: list[bytes] = []
    players = [Player(run.url, f"load-{n}-{uuid4().hex[:6]}") for n in range(PLAYERS)]
    for player in players:
        await player.sign_up()
    animals = [await _animal(players[0], n) for n in range(ENTRIES)]
    for n, player in enumerate(players):
        await player.befriend(players[n - 1])
        job = await player.identify(await player.upload(PHOTOS / "koala.webp"))
        entries = [(await player.catch(job, animal))["id"] for animal in animals]
        reads = [
            "/api/v1/dex/entries/my_entries/",
            "/api/v1/dex/entries/sync_entries/",
            f"/api/v1/dex/entries/{entries[0]}/",
            "/api/v1/graph/tree/?mode=friends",
            "/api/v1/social/friendships/friends/",
            "/api/v1/animals/?page=1",
            "/api/v1/users/me/",
            f"/api/v1/vision/jobs/{job['id']}/",
        ]
        found += [_request("GET", path, host, player) for path in reads]
        notes = [b'{"notes":"seen near the river, %d"}' % number for number in range(len(reads) // READS_TO_ONE_WRITE)]
        found += [
            _request("PATCH", f"/api/v1/dex/entries/{entry}/", host, player, body)
            for entry, body in zip(entries, notes, strict=False)
        ]
    for player in players:
        await player.__aexit__(None, None, None)
    return found


async def _animal(player: Player, number: int) -> str:
    word = "abcdefghij"[number] + "overloadus"
    answer = await player.post(
        "/animals/lookup_or_create/", {"scientific_name": f"Benchus {word}", "family": "Benchidae"}
    )
    return str(answer["animal"]["id"])


def _request(method: str, path: str, host: str, player: Player, body: bytes = b"") -> bytes:
    lines = [
        f"{method} {path} HTTP/1.1",
        f"Host: {host}",
        "User-Agent: GodotEngine/4.4",
        "Accept: */*",
        f"Authorization: {player.authorization}",
    ]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def _pin(run: Run, core: int | None) -> None:
    """Puts every process of the stack on one core; None: on all of them again."""
    cores = sorted(os.sched_getaffinity(0)) if core is None else [core]
    for process in run.family():
        with suppress(psutil.Error, AttributeError):
            process.cpu_affinity(cores)
