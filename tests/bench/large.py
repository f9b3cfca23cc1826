"""Large dexes through the gateway: a tree of 5,000 entries over ten friends, and a sync of 5,000 entries."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from deploy.commands.walk import PHOTOS
from deploy.local.player import Player
from tests.bench.figures import Figure
from tests.bench.startup import Run

ENTRIES = 5_000
FRIENDS = 10
ANIMALS = 500
AT_ONCE = 3
"""As many as the game has in flight (contract C2). A player's writes take turns; a longer queue of one player's looks
like one of the mesh, and is refused."""
AGAIN = 15
LETTERS = "abcdefghij"


async def measure(run: Run) -> list[Figure]:
    """Fills two dexes' worth of entries over HTTP (a minute or two), then measures."""
    async with (
        Player(run.url, f"viewer-{uuid4().hex[:6]}") as viewer,
        Player(run.url, f"keen-{uuid4().hex[:6]}") as keen,
    ):
        await viewer.sign_up()
        await keen.sign_up()
        animals = await _animals(keen)
        for _ in range(FRIENDS):
            async with Player(run.url, f"friend-{uuid4().hex[:8]}") as friend:
                await friend.sign_up()
                await friend.befriend(viewer)
                await _fill(friend, animals, ENTRIES // FRIENDS)
        await _fill(keen, animals, ENTRIES)
        await _settled(viewer)
        return [*await _tree(viewer), await _sync(keen)]


async def _animals(player: Player) -> list[str]:
    """Spread over some families and orders, so that the tree has branches."""

    async def one(number: int) -> str:
        word = "".join(LETTERS[int(digit)] for digit in f"{number:03d}")
        body = {
            "scientific_name": f"Largus{word[0]} {word}us",
            "common_name": f"large {word}",
            "phylum": "Benchata",
            "class_name": f"Benchia{word[0]}",
            "order": f"Benchales{word[:2]}",
            "family": f"Benchidae{word[:2]}",
        }
        found: str = (await player.post("/animals/lookup_or_create/", body))["animal"]["id"]
        return found

    return await _at_once([lambda number=number: one(number) for number in range(ANIMALS)])  # type: ignore[misc]


async def _fill(player: Player, animals: list[str], count: int) -> None:
    job = await player.identify(await player.upload(PHOTOS / "koala.webp"))
    began = datetime(2020, 1, 1, tzinfo=UTC)

    async def one(number: int) -> str:
        body = {
            "animal": animals[number % len(animals)],
            "source_vision_job": job["id"],
            "visibility": "friends",
            "catch_date": (began + timedelta(minutes=number)).isoformat(),
        }
        found: str = (await player.post("/dex/entries/", body))["id"]
        return found

    for start in range(0, count, len(animals)):
        if start:
            # One job and one animal are one entry, so each round through the animals has a job of its own.
            job = await player.identify(await player.upload(PHOTOS / "koala.webp"))
        numbers = range(start, min(start + len(animals), count))
        await _at_once([lambda number=number: one(number) for number in numbers])  # type: ignore[misc]


async def _at_once(work: list[Callable[[], Awaitable[str]]]) -> list[str]:
    turns = asyncio.Semaphore(AT_ONCE)

    async def turn(each: Callable[[], Awaitable[str]]) -> str:
        async with turns:
            return await each()

    return await asyncio.gather(*(turn(each) for each in work))


async def _settled(viewer: Player) -> None:
    while (await viewer.tree("friends"))["stats"]["friend_captures"] < ENTRIES:
        await asyncio.sleep(0.2)


async def _tree(viewer: Player) -> list[Figure]:
    first, again = [], []
    for _ in range(AGAIN):
        first.append(await _seconds(viewer, "/graph/tree/?mode=friends&use_cache=false"))
        await viewer.tree("friends")
        again.append(await _seconds(viewer, "/graph/tree/?mode=friends&use_cache=true"))
    name = f"tree of {ENTRIES:,} entries over {FRIENDS} friends"
    return [
        Figure(f"{name}: made anew", "≤ 300 ms", f"p50 {statistics.median(first) * 1000:.0f} ms"),
        Figure(f"{name}: again", "≤ 10 ms", f"p50 {statistics.median(again) * 1000:.1f} ms"),
    ]


async def _sync(keen: Player) -> Figure:
    seconds = [await _seconds(keen, "/dex/entries/sync_entries/") for _ in range(AGAIN)]
    return Figure(f"sync of {ENTRIES:,} entries", "≤ 150 ms", f"p50 {statistics.median(seconds) * 1000:.0f} ms")


async def _seconds(player: Player, path: str) -> float:
    """The time until the whole answer is here; reading its JSON is the client's own affair."""
    began = time.perf_counter()
    answer = await player.raw("GET", path)
    seconds = time.perf_counter() - began
    assert answer.status_code == 200, answer.text[:200]
    return seconds
