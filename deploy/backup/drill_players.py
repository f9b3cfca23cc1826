"""The players of a drill: they photograph, save and edit; what they were told is written down (docs/checker.md)."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import httpx

from deploy.commands.walk import PHOTOS
from deploy.local.player import Player, Refused

PAUSE_SECONDS: Final = 0.2
AGAIN_SECONDS: Final = 1.0
TRIES: Final = 30
UNANSWERED: Final = (httpx.HTTPError, Refused)
"""Whatever is no acknowledgement: it may have been done or not."""
EDITS: Final = 12
"""So many edits before the next photo."""
KEPT: Final = ("animal", "visibility", "notes", "catch_date")


class History:
    """The lines, in the order in which answers came."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def told(self, kind: str, id: str, owner: str, **state: Any) -> None:
        """An answered write; with `?` behind its kind, one that was not answered."""
        self.lines.append({"at": time.time(), "kind": kind, "id": id, "owner": owner, "state": state})

    @property
    def acknowledged(self) -> list[dict[str, Any]]:
        return [line for line in self.lines if not line["kind"].endswith("?")]

    def write(self, path: Path, certain_until: float = float("inf")) -> Path:
        """To a file for the checker; what was told after that moment counts as unanswered."""
        with path.open("w") as file:
            for line in self.lines:
                kind = line["kind"] if line["at"] <= certain_until else f"{line['kind'].removesuffix('?')}?"
                file.write(json.dumps(line | {"kind": kind}) + "\n")
        return path


class Collector:
    """One player with their entries."""

    def __init__(self, player: Player, history: History, photos: Sequence[Path]) -> None:
        self._player, self._history, self._photos = player, history, photos
        self._entries: list[dict[str, Any]] = []
        self._next = 0

    async def register(self) -> None:
        await self._player.sign_up()
        self._history.told("user.registered", self._player.id, self._player.id, username=self._player.name, bio="")

    async def photograph(self) -> None:
        """One photo, from upload to entry; whoever is told to come back does, with another one."""
        for _ in range(TRIES - 1):
            try:
                return await self._photograph()
            except Refused:
                await asyncio.sleep(AGAIN_SECONDS)
        return await self._photograph()

    async def _photograph(self) -> None:
        """From upload to entry; one that shows nothing known ends as a job."""
        photo = self._photos[self._next % len(self._photos)]
        self._next += 1
        # Never the same bytes twice: a picture may end with anything.
        data = photo.read_bytes() + self._next.to_bytes(4, "big") + self._player.id.encode()
        checksum, owner = sha256(data).hexdigest(), self._player.id
        try:
            kind = "conversion.created"
            files = {"image": ("photo.webp", data, "image/webp")}
            conversion = await self._player.ask("POST", "/images/convert/", files=files)
            self._history.told(kind, conversion["id"], owner, sha256=checksum)
            kind = "job.created"
            job = await self._player.post("/vision/jobs/", {"conversion_id": conversion["id"]})
            self._history.told(kind, job["id"], owner, sha256=checksum, provider=job["cv_method"])
        except UNANSWERED:
            self._history.told(f"{kind}?", checksum, owner, sha256=checksum)
            raise
        job = await self._player.finished(job["id"])
        found = [animal["animal_id"] for animal in job["detected_animals"]]
        state = {"status": job["status"], "animals": found, "error": job["error_message"]}
        self._history.told(f"job.{job['status']}", job["id"], owner, **state)
        if found:
            await self._catch(job["id"], found[0])

    async def _catch(self, job: str, animal: str) -> None:
        wish = {"animal": animal, "source_vision_job": job, "visibility": "friends", "notes": "seen at dawn"}
        try:
            entry = await self._player.post("/dex/entries/", wish)
        except UNANSWERED:
            self._history.told("entry.created?", f"{job}/{animal}", self._player.id, **wish)
            raise
        state = {name: entry[name] for name in KEPT}
        self._history.told("entry.created", entry["id"], self._player.id, **state, source_vision_job=job)
        self._entries.append({"id": entry["id"], **state})

    async def edit(self, number: int) -> None:
        """One note changed."""
        entry = self._entries[number % len(self._entries)]
        notes = f"note {number} of {time.time():.3f}"
        try:
            await self._player.ask("PATCH", f"/dex/entries/{entry['id']}/", json={"notes": notes})
        except UNANSWERED:
            self._history.told("entry.updated?", entry["id"], self._player.id, notes=notes)
            raise
        self._history.told("entry.updated", entry["id"], self._player.id, notes=notes)

    async def go_on(self, over: asyncio.Event) -> None:
        """Edits and photographs until it is over, or nobody answers any more."""
        number = refused = 0
        while not over.is_set():
            number += 1
            try:
                if number % EDITS and self._entries:
                    await self.edit(number)
                else:
                    await self._photograph()
                refused = 0
            except Refused:
                refused += 1
                if refused == TRIES:
                    raise
                await asyncio.sleep(AGAIN_SECONDS)
            await asyncio.sleep(PAUSE_SECONDS)


@asynccontextmanager
async def collectors(url: str, count: int, history: History) -> AsyncIterator[list[Collector]]:
    """So many registered players, each with photos in an order of their own; each a friend of the one before."""
    photos = sorted(PHOTOS.glob("*.webp"))
    async with AsyncExitStack() as stack:
        names = [f"keeper-{number}" for number in range(count)]
        players = [await stack.enter_async_context(Player(url, name)) for name in names]
        found = [
            Collector(player, history, photos[number * 3 :] + photos[: number * 3])
            for number, player in enumerate(players)
        ]
        for collector in found:
            await collector.register()
        for first, second in pairwise(players):
            await first.befriend(second)
        yield found
