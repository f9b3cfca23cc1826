"""Reading one's own writes: which versions a user's next reads must show (design §4).

A service answers a write with `X-Consistency-Token: dex/<id>@<version>`. The gateways remember a user's newest tokens
for half a minute, tell each other, and add them to that user's reads; clients need to know nothing of it.
"""

import re
import time
from collections import OrderedDict
from typing import Any, Final
from uuid import UUID

import nats.errors
import orjson
from nats.aio.msg import Msg

from libs.common.bus import Bus
from libs.common.logs import log

SUBJECT: Final = "gateway.consistency"
REMEMBER_SECONDS: Final = 30.0
TOKENS_A_USER: Final = 8
MAX_USERS: Final = 50_000

_TOKEN: Final = re.compile(r"([a-z]+/[0-9a-f-]{36})@(\d{1,18})")


def registered_in(tokens: str) -> list[UUID]:
    """The users whose own records the tokens speak of."""
    records = (match[1].partition("/") for match in _TOKEN.finditer(tokens))
    return [UUID(id) for word, _, id in records if word == "user"]


class RecentWrites:
    """The newest tokens of each user who wrote something lately. Pure memory; times are monotonic seconds."""

    def __init__(self) -> None:
        # Users in the order of their last write, so that forgetting starts at the front.
        self._users: OrderedDict[UUID, dict[str, tuple[int, float]]] = OrderedDict()

    def remember(self, user_id: UUID, tokens: str, now: float) -> None:
        """Takes the comma separated tokens of one answer; of a record the highest version counts."""
        records = self._users.setdefault(user_id, {})
        for record, version in _TOKEN.findall(tokens):
            newest = max(int(version), records.pop(record, (0, 0.0))[0])
            records[record] = (newest, now + REMEMBER_SECONDS)
        while len(records) > TOKENS_A_USER:
            del records[next(iter(records))]
        self._users.move_to_end(user_id)
        self._forget(now)

    def tokens(self, user_id: UUID, now: float) -> str:
        """What the user's next read has to show, comma separated; empty when nothing was written lately."""
        records = self._users.get(user_id)
        if not records:
            return ""
        return ",".join(f"{record}@{version}" for record, (version, until) in records.items() if until > now)

    def _forget(self, now: float) -> None:
        while self._users:
            user_id, records = next(iter(self._users.items()))
            if len(self._users) <= MAX_USERS and any(until > now for _, until in records.values()):
                return
            del self._users[user_id]


class SharedWrites:
    """`RecentWrites`, told to the other gateways over the bus's plain (not kept) messages."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._recent = RecentWrites()

    async def learn(self, user_id: UUID, tokens: str) -> None:
        """Remembers what a service has just answered, here and at the other gateways."""
        self._recent.remember(user_id, tokens, time.monotonic())
        if not self._bus.connected:
            return
        try:
            await self._bus.nc.publish(SUBJECT, orjson.dumps({"user": str(user_id), "tokens": tokens}))
        except nats.errors.Error as error:
            # The others then answer from what they have, as they do for everybody else's writes.
            log.warning("consistency.not_shared", error=type(error).__name__)

    def tokens(self, user_id: UUID) -> str:
        """The tokens to send along with a read of this user."""
        return self._recent.tokens(user_id, time.monotonic())

    async def listen(self) -> None:
        """Subscribes to what the other gateways tell; the client subscribes again after a lost connection."""
        await self._bus.until_connected()
        await self._bus.nc.subscribe(SUBJECT, cb=self._heard)

    async def _heard(self, message: Msg) -> None:
        try:
            told: dict[str, Any] = orjson.loads(message.data)
            self._recent.remember(UUID(told["user"]), str(told["tokens"]), time.monotonic())
        except (ValueError, KeyError, TypeError):
            log.warning("consistency.unreadable")
