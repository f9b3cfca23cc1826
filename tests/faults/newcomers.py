"""Registrations, several at a time, while something is broken: what was acknowledged, and all that was told."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import asyncpg

from deploy.local.player import Player
from tests.faults.told import Told, ask
from tests.mesh import Mesh

SECRET = "a photo of a tawny owl"


@asynccontextmanager
async def superuser(mesh: Mesh) -> AsyncIterator[asyncpg.Connection]:
    """A superuser's connection, by the same address as the services'."""
    connection = await asyncpg.connect(mesh.topology["postgres"]["admin_url"])
    try:
        yield connection
    finally:
        connection.terminate()


@dataclass
class Newcomers:
    """Names that were acknowledged, with when each was begun and over."""

    player: Player
    at_once: int
    acknowledged: dict[str, tuple[float, float]] = field(default_factory=dict)
    answers: list[Told] = field(default_factory=list)

    @asynccontextmanager
    async def at_the_door(self) -> AsyncIterator[None]:
        """They register one after the other, meanwhile."""
        async with asyncio.TaskGroup() as group:
            registering = [group.create_task(self._register()) for _ in range(self.at_once)]
            yield
            for each in registering:
                each.cancel()

    async def are(self, number: int) -> bool:
        return len(self.acknowledged) >= number

    def not_as_promised(self) -> list[Told]:
        """What was neither an acknowledgement nor a refusal that says when to come back."""
        return [each for each in self.answers if each.status != 201 and not each.is_refusal]

    async def unknown(self) -> list[str]:
        """Who cannot sign in, although they were told that they are there."""
        told = {name: {"json": {"username": name, "password": SECRET}} for name in self.acknowledged}
        answers = {name: await ask(self.player, "/auth/login/", "POST", **how) for name, how in told.items()}
        return [name for name, answer in answers.items() if answer.status != 200]

    async def _register(self) -> None:
        while True:
            name = f"new-{uuid4().hex[:8]}"
            account = {"username": name, "email": f"{name}@example.com", "password": SECRET, "password_confirm": SECRET}
            began = time.monotonic()
            answer = await ask(self.player, "/users/", "POST", json=account)
            self.answers.append(answer)
            if answer.status == 201:
                self.acknowledged[name] = (began, time.monotonic())
            else:
                await asyncio.sleep(0.05)
