"""What players do while processes come and go: seven reads to three writes, uploads among them."""

import io
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any
from uuid import uuid4

import aiohttp
import orjson
from PIL import Image

from deploy.commands.walk import PHOTOS
from deploy.local.player import Player

Ask = Callable[..., Awaitable[dict[str, Any] | None]]
READS = (
    "/api/v1/dex/entries/my_entries/",
    "/api/v1/dex/entries/sync_entries/",
    "/api/v1/graph/tree/?mode=personal",
    "/api/v1/social/friendships/friends/",
    "/api/v1/animals/",
    "/api/v1/users/me/",
    "/api/v1/vision/jobs/",
    "/api/v1/taxonomy/search/?q=bison",
)
HOW_OFTEN = {"read": 55, "reread": 15, "catch": 12, "edit": 6, "species": 5, "sign in": 2, "convert": 3, "job": 2}


@dataclass
class Busy:
    """A player with a finished job, and what the mesh has acknowledged to this player so far."""

    player: Player
    job: dict[str, Any]
    entries: dict[str, str] = field(default_factory=dict)
    """Entry → its note as acknowledged last."""
    unsure: set[str] = field(default_factory=set)
    """Entries of which an edit had no answer."""
    jobs: set[str] = field(default_factory=set)
    caught: set[str] = field(default_factory=set)


async def ready_players(url: str, count: int) -> list[Busy]:
    """Signed up, friends in a row, each with an identified photo."""
    players = [Player(url, f"rolling-{n}-{uuid4().hex[:6]}") for n in range(count)]
    for player in players:
        await player.sign_up()
    for one, other in pairwise(players):
        await one.befriend(other)
    found = []
    for player in players:
        job = await player.identify(await player.upload(PHOTOS / "koala.webp"))
        found.append(Busy(player, job))
    return found


class Crowd:
    """Players who act at random; `ask` counts and returns the object of an answer, None if there was none."""

    def __init__(self, people: list[Busy], rng: random.Random, ask: Ask) -> None:
        self.people = people
        self._rng = rng
        self._ask = ask
        self.species: dict[str, str] = {}
        self._numbers = iter(range(10**9))
        self._deeds: dict[str, Callable[[Busy], Awaitable[None]]] = {
            "read": self._read,
            "reread": self._reread,
            "catch": self._catch,
            "edit": self._edit,
            "species": self.name_a_species,
            "sign in": self._sign_in,
            "convert": self._convert,
            "job": self._job,
        }

    async def act(self) -> None:
        """One request of one player."""
        deed = self._rng.choices(tuple(HOW_OFTEN), tuple(HOW_OFTEN.values()))[0]
        await self._deeds[deed](self._rng.choice(self.people))

    async def _read(self, busy: Busy) -> None:
        await self._ask("GET", self._rng.choice(READS), busy)

    async def _reread(self, busy: Busy) -> None:
        """Something that has been acknowledged is there, whoever answers."""
        if not busy.entries:
            await self._read(busy)
            return
        await self._ask("GET", f"/api/v1/dex/entries/{self._rng.choice(list(busy.entries))}/", busy)

    async def _catch(self, busy: Busy) -> None:
        free = [animal for animal in self.species if animal not in busy.caught]
        if not free:
            await self.name_a_species(busy)
            return
        animal, note = self._rng.choice(free), f"note {next(self._numbers)}"
        busy.caught.add(animal)
        wish = {"animal": animal, "source_vision_job": busy.job["id"], "notes": note}
        told = await self._ask("POST", "/api/v1/dex/entries/", busy, json=wish)
        if told is not None:
            busy.entries[told["id"]] = note

    async def _edit(self, busy: Busy) -> None:
        sure = [entry for entry in busy.entries if entry not in busy.unsure]
        if not sure:
            await self._catch(busy)
            return
        entry, note = self._rng.choice(sure), f"note {next(self._numbers)}"
        busy.unsure.add(entry)
        told = await self._ask("PATCH", f"/api/v1/dex/entries/{entry}/", busy, json={"notes": note})
        if told is not None:
            busy.entries[entry] = note
            busy.unsure.discard(entry)

    async def name_a_species(self, busy: Busy) -> None:
        name = f"Rollus {_word(next(self._numbers))}"
        wish = {"scientific_name": name, "common_name": "rolling animal", "family": "Rollidae", "order": "Rollales"}
        told = await self._ask("POST", "/api/v1/animals/lookup_or_create/", busy, json=wish)
        if told is not None:
            self.species[told["animal"]["id"]] = name

    async def _sign_in(self, busy: Busy) -> None:
        secret = {"username": busy.player.name, "password": "a photo of a tawny owl"}
        await self._ask("POST", "/api/v1/auth/login/", None, json=secret)

    async def _convert(self, busy: Busy) -> None:
        await self._ask("POST", "/api/v1/images/convert/", busy, data=self._photo())

    async def _job(self, busy: Busy) -> None:
        told = await self._ask("POST", "/api/v1/vision/jobs/", busy, data=self._photo())
        if told is not None:
            busy.jobs.add(told["id"])

    def _photo(self) -> aiohttp.FormData:
        image = Image.effect_noise((320, 240), self._rng.randrange(20, 90)).convert("RGB")
        image.putpixel((0, 0), tuple(self._rng.randbytes(3)))
        target = io.BytesIO()
        image.save(target, "JPEG", quality=90)
        form = aiohttp.FormData()
        form.add_field("image", target.getvalue(), filename="image.jpg", content_type="image/jpeg")
        return form


def parsed(body: bytes) -> dict[str, Any]:
    """An answer's object."""
    found: dict[str, Any] = orjson.loads(body)
    return found


def _word(number: int) -> str:
    return "".join(chr(ord("a") + int(digit)) for digit in str(number)) + "us"
