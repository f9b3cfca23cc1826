"""Who may no longer come in although their access token is still good: deleted and deactivated users (contract T1).

The log of `user.*` is replayed from one token lifetime ago: whoever left before that holds no valid token any more.
"""

import asyncio
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import nats.errors
import orjson
from nats.js.api import ConsumerConfig, DeliverPolicy

from libs.common.bus import STREAM, Bus, fetch_some
from libs.common.errors import NotAuthenticated
from libs.common.logs import log
from libs.common.values import now

RETRY_SECONDS: Final = 1.0
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
        self._lifetime = token_lifetime + LEFT_OVER
        self._deleted: set[UUID] = set()
        self._inactive: dict[UUID, int] = {}
        self._versions: dict[UUID, int] = {}

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
        """Runs for as long as the process does; a broker away or a lost consumer is waited for."""
        while True:
            try:
                await self._bus.until_connected()
                await self._replay()
            except (nats.errors.Error, TimeoutError, OSError) as error:
                log.warning("revocations.interrupted", error=type(error).__name__)
            await asyncio.sleep(RETRY_SECONDS)

    async def _replay(self) -> None:
        js = self._bus.nc.jetstream()
        subscription = await js.pull_subscribe(
            "user.>",
            stream=STREAM,
            config=ConsumerConfig(
                deliver_policy=DeliverPolicy.BY_START_TIME,
                opt_start_time=(now() - self._lifetime).isoformat(),  # type: ignore[arg-type]
                inactive_threshold=300,
                mem_storage=True,
                ack_policy="none",  # type: ignore[arg-type]
            ),
        )
        try:
            while True:
                try:
                    messages = await fetch_some(subscription, 100, 20)
                except TimeoutError:
                    # Nobody left; or the consumer did: asking for it tells which.
                    await subscription.consumer_info()
                    continue
                for message in messages:
                    self.learn(message.subject, orjson.loads(message.data))
        finally:
            if self._bus.connected:
                await subscription.unsubscribe()
