"""Requests that write, each made as often as one likes, about another thing each time; and where what they made is."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from typing import ClassVar
from uuid import uuid4

import asyncpg
import httpx

from deploy.local.player import Player
from tests.faults.analysis import another_koala
from tests.faults.armed import unanswered
from tests.faults.signals import paused
from tests.faults.system_calls import Point
from tests.mesh import Mesh, signed_up, until

LOOP = Point("write")
"""All that the event loop says: to the database, to the caller, to the bus, to the other services."""
FILES = (Point("fsync", everywhere=True), Point("rename", everywhere=True))
ALREADY = ("A user with that username already exists.", "Friend request already pending")
"""What a repetition of something that was done is told by contracts U1 and S5; the others are answered as at first."""


async def nobody_refuses() -> str:
    """Of requests whose repetition is answered like the first one."""
    raise AssertionError("a repetition was refused")


@dataclass(frozen=True)
class Wish:
    """A request, and how the id of what it has made is found by whoever got no answer."""

    ask: Callable[[], Awaitable[httpx.Response]]
    find: Callable[[], Awaitable[str]]


@dataclass
class Deed(ABC):
    """A request that is made again and again, about another thing each time; `ada` is whose things they are."""

    mesh: Mesh
    database: asyncpg.Connection
    ada: Player
    made: list[str] = field(default_factory=list, init=False)
    process: ClassVar[str]
    subject: ClassVar[str]
    points: ClassVar[tuple[Point, ...]] = (LOOP,)

    @abstractmethod
    async def prepared(self) -> Wish:
        """The next request, with all that it needs."""

    @abstractmethod
    async def is_readable(self, made: str) -> bool:
        """Whether what was made is there for the one who made it."""

    @abstractmethod
    async def count(self) -> int:
        """How many there are."""

    def undisturbed(self) -> AbstractContextManager[None]:
        """While an answer may have to be asked for again."""
        return nullcontext()

    async def is_told(self) -> bool:
        """Whether the service has nothing left to publish."""
        waiting = f"SELECT NOT EXISTS (SELECT FROM {self.process}.outbox WHERE published_at IS NULL)"
        return bool(await self.database.fetchval(waiting))


class Registering(Deed):
    process = "users"
    subject = "user.registered"

    async def prepared(self) -> Wish:
        name = f"{self.ada.name}-{uuid4().hex[:8]}"
        secret = {"password": "a photo of a tawny owl", "password_confirm": "a photo of a tawny owl"}
        account = {"username": name, "email": f"{name}@example.com", **secret}

        async def find() -> str:
            async with Player(self.mesh.url, name) as carl:
                await carl.sign_in()
                return carl.id

        return Wish(lambda: self.ada.raw("POST", "/users/", json=account), find)

    async def is_readable(self, made: str) -> bool:
        name = await self.database.fetchval("SELECT username FROM users.users WHERE id = $1", made)
        async with Player(self.mesh.url, name) as carl:
            await carl.sign_in()
            return carl.id == made and bool((await carl.get("/users/me/"))["id"] == made)

    async def count(self) -> int:
        found = "SELECT count(*) FROM users.users WHERE username LIKE $1 || '-%'"
        return int(await self.database.fetchval(found, self.ada.name))


class Befriending(Deed):
    process = "social"
    subject = "friendship.updated"

    async def prepared(self) -> Wish:
        async with signed_up(self.mesh, "ben") as ben:
            pass

        async def is_known() -> bool:
            known = "SELECT EXISTS (SELECT FROM social.ref_users WHERE id = $1)"
            return bool(await self.database.fetchval(known, ben.id))

        await until(is_known)
        wish = {"friend_code": ben.friend_code}

        async def find() -> str:
            sent = (await self.ada.get("/social/friendships/sent/"))["requests"]
            return str(next(each["id"] for each in sent if each["to_user"] == ben.id))

        return Wish(lambda: self.ada.raw("POST", "/social/friendships/send_request/", json=wish), find)

    async def is_readable(self, made: str) -> bool:
        found = await self.ada.get(f"/social/friendships/{made}/")
        return bool(found["id"] == made and found["status"] == "pending")

    async def count(self) -> int:
        return int((await self.ada.get("/social/friendships/sent/"))["count"])


class Capturing(Deed):
    process = "dex"
    subject = "dex.created"

    async def prepared(self) -> Wish:
        files = {"image": ("photo.jpg", another_koala(), "image/jpeg")}
        job = await self.ada.finished((await self.ada.ask("POST", "/vision/jobs/", files=files))["id"])

        async def is_known() -> bool:
            known = "SELECT EXISTS (SELECT FROM dex.ref_jobs WHERE id = $1)"
            return bool(await self.database.fetchval(known, job["id"]))

        await until(is_known)
        wish = {"animal": job["detected_animals"][0]["animal_id"], "source_vision_job": job["id"]}
        return Wish(lambda: self.ada.raw("POST", "/dex/entries/", json=wish), nobody_refuses)

    async def is_readable(self, made: str) -> bool:
        return bool((await self.ada.get(f"/dex/entries/{made}/"))["id"] == made)

    async def count(self) -> int:
        return int((await self.ada.get("/dex/entries/my_entries/"))["count"])


class Uploading(Deed):
    process = "vision"
    subject = "image.uploaded"
    points = (*FILES, LOOP)

    async def prepared(self) -> Wish:
        photo = another_koala()
        files = {"image": ("photo.jpg", photo, "image/jpeg")}
        return Wish(lambda: self.ada.raw("POST", "/vision/jobs/", files=files), nobody_refuses)

    def undisturbed(self) -> AbstractContextManager[None]:
        """The worker waits: only of an unfinished job is the same upload known to be a repetition (contract V2)."""
        return paused(self.mesh.process("vision-worker"))

    async def is_readable(self, made: str) -> bool:
        """And ended well."""
        return bool((await self.ada.finished(made))["status"] == "completed")

    async def count(self) -> int:
        return int((await self.ada.get("/vision/jobs/"))["count"])


@asynccontextmanager
async def deed_of(kind: type[Deed], mesh: Mesh) -> AsyncIterator[Deed]:
    database = await asyncpg.connect(mesh.topology["postgres"]["admin_url"])
    try:
        async with signed_up(mesh, "ada") as ada:
            yield kind(mesh, database, ada)
    finally:
        await database.close()


async def answered(wish: Wish) -> httpx.Response | None:
    """The answer, if it is one of the service; only the gateway may say that there is none, or break it off."""
    try:
        answer = await wish.ask()
    except httpx.RemoteProtocolError:
        return None
    if unanswered(answer):
        return None
    is_there_already = answer.status_code == 400 and any(sentence in answer.text for sentence in ALREADY)
    assert answer.status_code in (200, 201) or is_there_already, (answer.status_code, answer.text)
    return answer
