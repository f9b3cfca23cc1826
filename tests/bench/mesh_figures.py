"""What players feel, measured through the gateway of a running stack."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import uuid4

import aiohttp
import numpy as np
import psutil
from PIL import Image

from deploy.commands.walk import PHOTOS
from deploy.local.player import Player
from tests.bench.figures import Figure, spread
from tests.bench.startup import Run

PHOTO_RUNS = 12
ENTRIES = 50
FRIENDS = 20
VISIBLE_RUNS = 100
REQUESTS = 400
WARM_UP = 50


async def measure(run: Run) -> list[Figure]:
    """All figures of a running stack; it is expected to be otherwise idle."""
    async with Player(run.url, f"ada-{uuid4().hex[:6]}") as ada, Player(run.url, f"ben-{uuid4().hex[:6]}") as ben:
        await ada.sign_up()
        await ben.sign_up()
        await ada.befriend(ben)
        figures = [await _twelve_megapixels(ada)]
        animals = await _some_animals(ada, ENTRIES + VISIBLE_RUNS)
        job = await ada.identify(await ada.upload(PHOTOS / "koala.webp"))
        figures.append(await _visible_to_a_friend(ada, ben, job, animals[ENTRIES:]))
        await _fill(ben, animals[:ENTRIES])
        await _befriend_many(run, ben)
        figures += await _requests(run, ben)
        figures += await _gateway_share(run, ben)
    return figures


async def _own_job(player: Player) -> dict[str, object]:
    return await player.identify(await player.upload(PHOTOS / "koala.webp"))


async def _fill(player: Player, animals: list[str]) -> None:
    job = await _own_job(player)
    for animal in animals:
        await player.catch(job, animal)


async def _twelve_megapixels(player: Player) -> Figure:
    """A phone's photo: 4000×3000 pixels with noise, as a JPEG."""
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(PHOTO_RUNS):
            photo = _phone_photo(Path(folder) / f"{number}.jpg", number)
            began = time.monotonic()
            files = {"image": ("image.jpg", photo.read_bytes(), "image/jpeg")}
            job = await player.ask("POST", "/vision/jobs/", files=files)
            ended = await player.finished(job["id"])
            seconds.append(time.monotonic() - began)
            assert ended["status"] == "completed", ended["error_message"]
    measured = f"p50 {statistics.median(seconds[1:]):.2f} s, max {max(seconds[1:]):.2f} s"
    return Figure("12-megapixel JPEG: upload → job completed", "p50 ≤ 0.8 s", measured)


def _phone_photo(path: Path, seed: int) -> Path:
    image = Image.open(PHOTOS / "koala.webp").convert("RGB").resize((3000, 4000))
    noise = np.random.default_rng(seed).normal(0, 6, (4000, 3000, 3))
    pixels = np.clip(np.asarray(image, dtype=np.float32) + noise, 0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(path, "JPEG", quality=88)
    return path


async def _some_animals(player: Player, count: int) -> list[str]:
    found = []
    for number in range(count):
        body = {"scientific_name": f"Benchus {_word(number)}", "common_name": f"bench animal {number}"}
        answer = await player.post("/animals/lookup_or_create/", {**body, "family": "Benchidae", "order": "Benchales"})
        found.append(answer["animal"]["id"])
    return found


def _word(number: int) -> str:
    return "".join(chr(ord("a") + int(digit)) for digit in f"{number:04d}") + "us"


async def _visible_to_a_friend(ada: Player, ben: Player, job: dict[str, object], animals: list[str]) -> Figure:
    """From the answer to Ada's save until Ben's tree shows it."""
    seconds = []
    for number, animal in enumerate(animals, start=1):
        await ada.catch(job, animal)
        committed = time.monotonic()
        while (await ben.tree("friends"))["stats"]["friend_captures"] < number:
            await asyncio.sleep(0.002)
        seconds.append(time.monotonic() - committed)
    return Figure("dex entry committed → in the friend's tree", "p99 ≤ 100 ms", spread(seconds))


async def _befriend_many(run: Run, ben: Player) -> None:
    for _ in range(FRIENDS - 1):
        async with Player(run.url, f"friend-{uuid4().hex[:8]}") as friend:
            await friend.sign_up()
            await friend.befriend(ben)


async def _requests(run: Run, player: Player) -> list[Figure]:
    """Processor time of the whole mesh for one request, idle load taken off, and its latency."""
    figures = []
    async with _session(run.url, player) as session:
        idle = await _cpu_rate(run)
        for name, path in (
            (f"my_entries ({ENTRIES})", "/api/v1/dex/entries/my_entries/"),
            (f"sync_entries ({ENTRIES})", "/api/v1/dex/entries/sync_entries/"),
            (f"friends ({FRIENDS})", "/api/v1/social/friendships/friends/"),
            ("animals (50)", "/api/v1/animals/"),
        ):
            cpu, seconds = await _timed(run, lambda path=path: _get(session, path), idle)  # type: ignore[misc]
            figures.append(
                Figure(
                    f"{name}: server CPU a request", "≤ 4 ms (p50 ≤ 10 ms)", f"{cpu * 1000:.2f} ms ({spread(seconds)})"
                )
            )
    return figures


async def _gateway_share(run: Run, player: Player) -> list[Figure]:
    """The same request through the gateway and straight to the service."""
    path, topology = "/api/v1/social/friendships/friends/", run.topology
    gateway = psutil.Process(topology["processes"]["gateway"]["pid"])
    async with (
        _session(run.url, player) as through,
        _session(topology["processes"]["social"]["url"], player) as straight,
    ):
        for session in (through, straight):
            for _ in range(WARM_UP):
                await _get(session, path)
        before = gateway.cpu_times()
        pairs = [(await _get(through, path), await _get(straight, path)) for _ in range(REQUESTS)]
        after = gateway.cpu_times()
    cpu = (after.user + after.system - before.user - before.system) / REQUESTS
    added = statistics.median(one for one, _ in pairs) - statistics.median(other for _, other in pairs)
    return [
        Figure("gateway's own share of a GET: CPU", "≤ 0.8 ms", f"{cpu * 1000:.2f} ms"),
        Figure("gateway's own share of a GET: latency", "p50 ≤ 1.5 ms", f"p50 {added * 1000:.2f} ms"),
    ]


def _session(url: str, player: Player) -> aiohttp.ClientSession:
    headers = {"Authorization": player.authorization, "Accept-Encoding": "identity"}
    return aiohttp.ClientSession(url, headers=headers)


async def _get(session: aiohttp.ClientSession, path: str) -> float:
    began = time.perf_counter()
    async with session.get(path) as answer:
        await answer.read()
        assert answer.status == 200, answer.status
    return time.perf_counter() - began


async def _cpu_rate(run: Run, seconds: float = 5.0) -> float:
    """Processor seconds a second while nobody asks for anything."""
    before = run.cpu_seconds()
    await asyncio.sleep(seconds)
    return (run.cpu_seconds() - before) / seconds


async def _timed(run: Run, ask: Callable[[], Awaitable[float]], idle: float) -> tuple[float, list[float]]:
    for _ in range(WARM_UP):
        await ask()
    before, began = run.cpu_seconds(), time.monotonic()
    seconds = [await ask() for _ in range(REQUESTS)]
    used = run.cpu_seconds() - before - idle * (time.monotonic() - began)
    return used / REQUESTS, seconds
