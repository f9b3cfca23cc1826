"""What happens in the tests of social: somebody registers, asks, accepts, catches an animal."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy import select, text

from libs.common.db import Database
from libs.common.outbox import outbox
from libs.common.testing import SignIn
from libs.contracts.catalogue import EVENTS
from libs.contracts.dex import DexCreated, DexState
from libs.contracts.event import Event, Picture
from libs.contracts.users import UserRegistered
from services.social.handlers import count_catches, handlers

FRIENDSHIPS = "/api/v1/social/friendships/"
LONG_AGO = datetime(2026, 1, 2, 3, 4, 5, 60, tzinfo=UTC)


@dataclass
class Player:
    id: UUID
    name: str
    code: str
    headers: dict[str, str]


@dataclass
class Story:
    client: httpx.AsyncClient
    db: Database
    sign_in: SignIn
    players: int = 0

    async def happened(self, *facts: Event) -> None:
        """Lets social hear of events as the bus would bring them: catches all at once, others one by one."""
        if all(fact.word() == "dex" for fact in facts):
            async with self.db.transaction() as session:
                await count_catches(list(facts), session)
            return
        for fact in facts:
            for handler in [handler for handler in handlers.all if type(fact) in handler.events]:
                assert handler.one is not None
                async with self.db.transaction() as session:
                    await handler.one(fact, session)

    async def player(self, name: str, **state: Any) -> Player:
        self.players += 1
        id, code = uuid4(), f"CODE{self.players:04d}"
        await self.happened(registered(id, name, code, **state))
        return Player(id, name, code, self.sign_in(id))

    async def call(self, player: Player, method: str, path: str, body: Any = None) -> httpx.Response:
        return await self.client.request(method, FRIENDSHIPS + path, json=body, headers=player.headers)

    async def get(self, player: Player, path: str, status: int = 200) -> Any:
        answer = await self.call(player, "GET", path)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def ask(self, player: Player, other: Player) -> httpx.Response:
        return await self.call(player, "POST", "send_request/", {"user_id": str(other.id)})

    async def respond(self, player: Player, friendship: str, action: str) -> httpx.Response:
        return await self.call(player, "POST", f"{friendship}/respond/", {"action": action})

    async def stand(self, one: Player, other: Player, status: str = "accepted") -> str:
        """Brings two players to a status the way players do; the friendship's id. `one` asked `other`."""
        answer = await self.ask(one, other)
        assert answer.status_code == 201, answer.text
        friendship = answer.json()["id"]
        actions = {"accepted": ["accept"], "rejected": ["reject"], "blocked": ["block"], "pending": []}
        for action in actions[status]:
            assert (await self.respond(other, friendship, action)).status_code == 200
        return friendship

    async def somebody_waits(self) -> None:
        """Returns as soon as somebody waits for a row that somebody else has locked."""
        waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        async with asyncio.timeout(5):
            while True:
                async with self.db.reading() as session:
                    if await session.scalar(waiting):
                        return
                await asyncio.sleep(0.005)

    async def told(self) -> list[Event]:
        """All events that social has recorded, in order."""
        async with self.db.reading() as session:
            rows = await session.execute(select(outbox.c.subject, outbox.c.payload).order_by(outbox.c.id))
            return [EVENTS[row.subject].model_validate_json(row.payload) for row in rows]


def registered(id: UUID, name: str, code: str = "CODE9999", version: int = 1, **state: Any) -> UserRegistered:
    values = {
        "username": name,
        "friend_code": code,
        "avatar": None,
        "is_staff": False,
        "is_superuser": False,
        "is_active": True,
        "created_at": LONG_AGO,
        **state,
    }
    return UserRegistered(id=id, version=version, **values)


def caught(owner: UUID, animal: UUID, id: UUID | None = None, version: int = 1, kind: type = DexCreated) -> DexState:
    shows = Picture(url="http://testserver/media/x.png", sha256="0" * 64, width=1, height=1, created_at=LONG_AGO)
    moments = dict.fromkeys(("catch_date", "created_at", "updated_at"), LONG_AGO)
    return kind(
        id=id or uuid4(),
        version=version,
        owner_id=owner,
        animal_id=animal,
        visibility="private",
        picture=shows,
        source_vision_job=None,
        **moments,
    )
