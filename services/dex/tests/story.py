"""What happens in the tests of dex: somebody registers, an animal is named, a photo is identified, an entry is kept."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy import select, text

from libs.common.db import Database
from libs.common.outbox import outbox
from libs.common.testing import SignIn
from libs.contracts.animals import AnimalCreated, AnimalIdentified
from libs.contracts.catalogue import EVENTS
from libs.contracts.event import Event, Picture
from libs.contracts.social import FriendshipUpdated
from libs.contracts.users import UserRegistered
from services.dex.handlers import handlers

ENTRIES = "/api/v1/dex/entries/"
LONG_AGO = datetime(2026, 1, 2, 3, 4, 5, 60, tzinfo=UTC)


def picture(name: str = "fox") -> Picture:
    digest = sha256(name.encode()).hexdigest()
    return Picture(
        url=f"http://testserver/media/{digest}.png", sha256=digest, width=640, height=480, created_at=LONG_AGO
    )


@dataclass
class Player:
    id: UUID
    name: str
    headers: dict[str, str]


@dataclass
class Story:
    client: httpx.AsyncClient
    db: Database
    sign_in: SignIn
    animals: int = 0

    async def happened(self, fact: Event) -> None:
        """Lets dex hear of an event as the bus would bring it."""
        for handler in [handler for handler in handlers.all if type(fact) in handler.events]:
            assert handler.one is not None
            async with self.db.transaction() as session:
                await handler.one(fact, session)

    async def player(self, name: str, *, is_staff: bool = False, **state: Any) -> Player:
        id = uuid4()
        await self.happened(registered(id, name, is_staff=is_staff, **state))
        return Player(id, name, self.sign_in(id, is_staff=is_staff))

    async def animal(self, scientific_name: str, common_name: str = "", **state: Any) -> UUID:
        self.animals += 1
        fact = named(uuid4(), scientific_name, common_name, **{"creation_index": self.animals, **state})
        await self.happened(fact)
        return fact.id

    async def job(self, player: Player, shows: Picture | None = None) -> UUID:
        fact = identified(uuid4(), player.id, shows or picture())
        await self.happened(fact)
        return fact.id

    async def friends(self, one: Player, other: Player, status: str = "accepted") -> FriendshipUpdated:
        fact = befriended(uuid4(), one.id, other.id, status=status)
        await self.happened(fact)
        return fact

    async def catch(self, player: Player, animal: UUID, **more: Any) -> dict[str, Any]:
        """A new entry, by way of the API."""
        job = more.pop("source_vision_job", None) or await self.job(player)
        body = {"animal": str(animal), "source_vision_job": str(job), **more}
        answer = await self.client.post(ENTRIES, json=body, headers=player.headers)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def get(self, player: Player, path: str, status: int = 200) -> Any:
        answer = await self.client.get(ENTRIES + path, headers=player.headers)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def sync(self, player: Player, last_sync: str = "") -> dict[str, Any]:
        answer = await self.client.get(
            ENTRIES + "sync_entries/", params={"last_sync": last_sync}, headers=player.headers
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def batch(self, player: Player, *requests: dict[str, Any]) -> dict[str, Any]:
        answer = await self.client.post(
            ENTRIES + "batch_sync/", json={"sync_requests": list(requests)}, headers=player.headers
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def somebody_waits(self) -> None:
        """Returns as soon as somebody waits for a turn that somebody else holds."""
        waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        async with asyncio.timeout(5):
            while True:
                async with self.db.reading() as session:
                    if await session.scalar(waiting):
                        return
                await asyncio.sleep(0.005)

    async def told(self) -> list[Event]:
        """All events that dex has recorded, in order."""
        async with self.db.reading() as session:
            rows = await session.execute(select(outbox.c.subject, outbox.c.payload).order_by(outbox.c.id))
            return [EVENTS[row.subject].model_validate_json(row.payload) for row in rows]


def registered(id: UUID, name: str, version: int = 1, **state: Any) -> UserRegistered:
    values = {
        "username": name,
        "friend_code": "CODE0001",
        "avatar": None,
        "is_staff": False,
        "is_superuser": False,
        "is_active": True,
        "created_at": LONG_AGO,
        **state,
    }
    return UserRegistered(id=id, version=version, **values)


def named(
    id: UUID, scientific_name: str, common_name: str = "", version: int = 1, kind: type = AnimalCreated, **state: Any
):
    ranks = dict.fromkeys(("kingdom", "phylum", "class_name", "order", "family", "genus", "species"), "")
    values = {
        "conservation_status": "LC",
        "creation_index": 1,
        "verified": True,
        "created_by": None,
        "created_at": LONG_AGO,
        **ranks,
        **state,
    }
    return kind(
        id=id, version=version, scientific_name=scientific_name, common_name=common_name or scientific_name, **values
    )


def identified(job: UUID, player: UUID, shows: Picture | None, version: int = 2) -> AnimalIdentified:
    return AnimalIdentified(id=job, version=version, user_id=player, animals=[], picture=shows)


def befriended(id: UUID, one: UUID, other: UUID, version: int = 2, status: str = "accepted") -> FriendshipUpdated:
    return FriendshipUpdated(
        id=id,
        version=version,
        from_user=one,
        to_user=other,
        status=status,
        acting_user=other,
        created_at=LONG_AGO,
        updated_at=LONG_AGO,
    )
