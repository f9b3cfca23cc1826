"""Whoever has written reads what they wrote, whichever copy answers; or is told that the copy is late."""

import asyncio
import random
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest

from deploy.commands.walk import PHOTOS
from deploy.local.player import Player
from tests.faults.signals import paused
from tests.mesh import Mesh, NewPlayer, until

WRITES = 100
"""So many, twice: with all at work, and with one or the other halted."""
SEED = 20_261_120
HEADER = "x-consistency-token"


@dataclass
class Writer:
    """Somebody who shows a capture and hides it again, and asks what a friend's tree has of it."""

    entry: str
    dex: httpx.AsyncClient
    graphs: list[str]
    friend: httpx.AsyncClient
    chance: random.Random

    async def write_and_look(self) -> int:
        """With the token an answer holds the write, or says that it is late; how many said so."""
        stale = 0
        for number in range(WRITES):
            shown = number % 2
            wish = {"visibility": "friends" if shown else "private"}
            written = await self.dex.patch(f"/api/v1/dex/entries/{self.entry}/", json=wish)
            assert written.status_code == 200, written.text
            address = f"{self.chance.choice(self.graphs)}/api/v1/graph/tree/?mode=friends"
            answer = await self.friend.get(address, headers={HEADER: written.headers[HEADER]})
            assert answer.status_code == 200
            if answer.headers.get("x-consistency") == "stale":
                stale += 1
            else:
                assert answer.json()["stats"]["friend_captures"] == shown
        return stale


@asynccontextmanager
async def _writer(mesh: Mesh, ada: Player, ben: Player) -> AsyncIterator[Writer]:
    await ada.befriend(ben)
    entry = await ada.catch(await ada.identify(await ada.upload(PHOTOS / "koala.webp")))
    dex_url, *graphs = (mesh.topology["processes"][name]["url"] for name in ("dex", "graph", "graph-2"))
    # Beside the gateway, which keeps the tokens to itself, and adds them to the reads of the same player alone.
    async with (
        httpx.AsyncClient(base_url=dex_url, headers={"Authorization": ada.authorization}, timeout=10) as dex,
        httpx.AsyncClient(headers={"Authorization": ben.authorization}, timeout=10) as friend,
    ):
        writer = Writer(entry["id"], dex, graphs, friend, random.Random(SEED))

        async def is_shown() -> bool:
            return bool((await ben.tree("friends"))["stats"]["friend_captures"] == 1)

        await until(is_shown)
        yield writer


@pytest.mark.long
async def test_a_friend_sees_what_was_just_written(mesh: Mesh, new_player: NewPlayer) -> None:
    """F24: two graphs whose projectors are halted now and then, and a look at one of them after each of 200 writes."""
    chance, over = random.Random(SEED), asyncio.Event()

    async def halt_now_and_then() -> int:
        halts = 0
        while not over.is_set():
            await asyncio.sleep(chance.uniform(0.2, 0.6))
            process = mesh.process(chance.choice(("graph", "graph-2")))
            process.send_signal(signal.SIGSTOP)
            await asyncio.sleep(chance.uniform(0.05, 1.0))
            process.send_signal(signal.SIGCONT)
            halts += 1
        return halts

    async with _writer(mesh, await new_player("ada"), await new_player("ben")) as writer:
        late = await writer.write_and_look()
        halting = asyncio.create_task(halt_now_and_then())
        try:
            await writer.write_and_look()
        finally:
            over.set()
        assert await halting > 0
    # A machine at its limits may be late as well, and says so.
    assert late < WRITES // 10


async def test_a_late_copy_says_so(mesh: Mesh, new_player: NewPlayer) -> None:
    """F24: the bus is halted, so nothing new can arrive: the tree is shown as it was, and said to be late."""
    ada, ben = await new_player("ada"), await new_player("ben")
    async with _writer(mesh, ada, ben) as writer:
        with paused(mesh.process("nats")):
            await ada.ask("PATCH", f"/dex/entries/{writer.entry}/", json={"visibility": "private"})
            answer = await ada.raw("GET", "/graph/tree/?mode=personal")
            assert answer.status_code == 200
            assert answer.headers["x-consistency"] == "stale"
            assert answer.json()["stats"]["user_captures"] == 1

        async def is_hidden() -> bool:
            return bool((await ben.tree("friends"))["stats"]["friend_captures"] == 0)

        await until(is_hidden, 40)
