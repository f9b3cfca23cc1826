"""Who may no longer come in although their access token is still good: deleted and deactivated users (contract T1).

The log of `user.*` is replayed from one token lifetime ago: whoever left before that holds no valid token any more.
"""

import asyncio
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import nats.errors
import orjson
from nats.aio.msg import Msg

from libs.common.bus import Bus
from libs.common.errors import NotAuthenticated
from libs.common.log_tail import lines_since
from libs.common.logs import log
from libs.common.values import now

USERS: Final = "user.>"
LOOK_SECONDS: Final = 2.0
"""So late at most is noticed what was not heard because the connection was away."""
LEFT_OVER: Final = timedelta(minutes=5)


class UserNotFound(NotAuthenticated):
    def __init__(self) -> None:
        super().__init__("User not found", code="user_not_found")


class UserInactive(NotAuthenticated):
    def __init__(self) -> None:
        super().__init__("User is inactive", code="user_inactive")


class Revocations:
    """The users whose tokens are refused, kept current from the bus by `follow`."""

    def __init__(self, bus: Bus, token_lifetime: timedelta) -> None:
        self._bus = bus
        self._deleted: set[UUID] = set()
        self._inactive: dict[UUID, int] = {}
        self._read_to = (now() - token_lifetime - LEFT_OVER).isoformat()

    def check(self, user_id: UUID) -> None:
        """Raises:
        UserNotFound, UserInactive: 401 as contract G4 words it.
        """
        if user_id in self._deleted:
            raise UserNotFound
        if user_id in self._inactive:
            raise UserInactive

    def learn(self, subject: str, data: dict[str, Any]) -> None:
        """Takes one `user.*` event; late and repeated ones change nothing."""
        user_id = UUID(data["id"])
        if subject == "user.deleted":
            self._deleted.add(user_id)
            self._inactive.pop(user_id, None)
        elif data.get("is_active") is False:
            self._inactive[user_id] = max(data["version"], self._inactive.get(user_id, 0))
        elif self._inactive.get(user_id, data["version"]) < data["version"]:
            del self._inactive[user_id]

    async def follow(self) -> None:
        """Runs for as long as the process does: hears who leaves at this moment, and reads what it may have missed."""
        listens = False
        while True:
            try:
                await self._bus.until_connected()
                if not listens:
                    # Once: the client subscribes again by itself after a lost connection.
                    await self._bus.nc.subscribe(USERS, cb=self._hear)
                    listens = True
                await self._read()
            except (nats.errors.Error, TimeoutError, OSError) as error:
                log.warning("revocations.interrupted", error=type(error).__name__)
            await asyncio.sleep(LOOK_SECONDS)

    async def _hear(self, message: Msg) -> None:
        self._take(message.subject, message.data)

    async def _read(self) -> None:
        async for line in lines_since(self._bus.nc, USERS, self._read_to):
            self._take(line.subject, line.data)
            # The server's clock, not ours; and not a sequence: those begin anew after a lost log.
            self._read_to = line.stored_at

    def _take(self, subject: str, data: bytes) -> None:
        try:
            self.learn(subject, orjson.loads(data))
        except (ValueError, KeyError, TypeError, AttributeError):
            # The consumers set it aside and tell of it; here the next one counts.
            log.warning("revocations.unreadable", subject=subject)
