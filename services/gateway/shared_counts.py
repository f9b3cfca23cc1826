"""Counts that all gateways keep together: each counts for itself and tells the others over the bus (ADR 0005)."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any, Final
from uuid import uuid4

import nats.errors
import nats.js.errors
import orjson
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DiscardPolicy, StorageType, StreamConfig

from libs.common.bus import Bus
from libs.common.logs import log
from services.gateway.windows import Window, Windows

SUBJECT: Final = "gateway.counts"
STREAM: Final = "GATEWAY_COUNTS"
STREAM_BYTES: Final = 32 * 1024 * 1024
BEAT_SECONDS: Final = 0.05
SIGN_OF_LIFE_SECONDS: Final = 5.0
COMPANY_SECONDS: Final = 3 * SIGN_OF_LIFE_SECONDS
ROUND_SECONDS: Final = 1.0
"""Longest wait for a strict count's own message; it takes about half a millisecond where the bus is well."""
KEYS_A_MESSAGE: Final = 2000
RETRY_SECONDS: Final = 1.0


class SharedCounts:
    """Running windows, and their exchange with the other gateways; `follow` runs for as long as the process does.

    Nothing waits for the bus but `add_in_order`, and that only where there is another gateway. Without the bus each
    gateway counts for itself; once it is back they tell each other everything.
    """

    def __init__(self, bus: Bus, *, keep_seconds: int, replicas: int = 1) -> None:
        """`keep_seconds`: the longest window; so long does the bus remember counts for gateways that start."""
        self.windows = Windows()
        self._bus = bus
        self._stream = StreamConfig(
            name=STREAM,
            subjects=[SUBJECT],
            storage=StorageType.MEMORY,
            num_replicas=replicas,
            max_age=max(keep_seconds, 1),
            max_bytes=STREAM_BYTES,
            discard=DiscardPolicy.OLD,
            no_ack=True,
        )
        self._gateway = uuid4().hex[:12]
        self._untold: set[str] = set()
        self._company_until = 0.0
        self._comes_back = True
        self._back_at = 0.0
        self._number = 0
        self._on_their_way: dict[int, tuple[Window, int, asyncio.Future[int]]] = {}

    @property
    def has_company(self) -> bool:
        """Whether there is another gateway, as far as can be told, and a bus that carries."""
        return self._comes_back and self._bus.connected and time.monotonic() < self._company_until

    def add(self, key: str, seconds: int, amount: int) -> int:
        """Counts here, and tells it with the next beat; the sum of all that is known so far."""
        window = self.windows.add(key, seconds, amount, time.time())
        if self._bus.connected:
            self._untold.add(key)
        return window.total

    async def add_in_order(self, key: str, seconds: int, amount: int) -> int:
        """As `add`, but tells it at once and waits until the bus has carried it: what came before is in the sum."""
        if not self.has_company:
            return self.add(key, seconds, amount)
        window = self.windows.add(key, seconds, amount, time.time())
        self._number += 1
        number, counted = self._number, asyncio.get_running_loop().create_future()
        self._on_their_way[number] = (window, window.mine, counted)
        try:
            async with asyncio.timeout(ROUND_SECONDS):
                await self._tell([key], number)
                return int(await counted)
        except TimeoutError:
            # Nobody else waits in vain: until something comes back, counts are told but not waited for.
            self._comes_back = False
            return window.total
        finally:
            del self._on_their_way[number]

    async def follow(self) -> None:
        """Tells and hears, until cancelled; a bus that is away, or has forgotten, is begun with anew."""
        while True:
            await self._bus.until_connected()
            try:
                subscription = await self._listen(self._bus.js)
                try:
                    # What was told into a connection about to break, or to a bus that forgot, is told again.
                    self._untold.update(self.windows.mine(time.time()))
                    await self._beat()
                finally:
                    if self._bus.connected:
                        await subscription.unsubscribe()
            except (nats.errors.Error, nats.js.errors.Error, TimeoutError, OSError) as error:
                log.warning("counts.not_shared", error=type(error).__name__)
            await asyncio.sleep(RETRY_SECONDS)

    async def _listen(self, js: JetStreamContext) -> JetStreamContext.PushSubscription:
        """Hears all that has been told within the longest window, then what is being told, in one order for all."""
        try:
            await js.stream_info(STREAM)
            await js.update_stream(self._stream)
        except nats.js.errors.NotFoundError:
            await js.add_stream(self._stream)
        mine = ConsumerConfig(ack_policy=AckPolicy.NONE, mem_storage=True, num_replicas=1)
        return await js.subscribe(SUBJECT, stream=STREAM, config=mine, cb=self._heard, manual_ack=True)

    async def _beat(self) -> None:
        """Tells what was counted since the last beat, for as long as the bus is there and brings back what is told."""
        told_at = float("-inf")
        self._back_at = time.monotonic()
        while self._bus.connected and time.monotonic() - self._back_at < COMPANY_SECONDS:
            if self._untold or time.monotonic() - told_at > SIGN_OF_LIFE_SECONDS:
                told_at = time.monotonic()
                keys, self._untold = list(self._untold), set()
                for start in range(0, max(1, len(keys)), KEYS_A_MESSAGE):
                    await self._tell(keys[start : start + KEYS_A_MESSAGE])
            await asyncio.sleep(BEAT_SECONDS)

    async def _tell(self, keys: Sequence[str], number: int = 0) -> None:
        now = time.time()
        windows = [(key, window) for key in keys if (window := self.windows.find(key, now)) is not None]
        counts = [(key, window.ends, window.mine) for key, window in windows]
        message = orjson.dumps({"gateway": self._gateway, "number": number, "counts": counts})
        try:
            await self._bus.nc.publish(SUBJECT, message)
        except nats.errors.Error as error:
            self._untold.update(keys)
            log.warning("counts.not_told", error=type(error).__name__)

    async def _heard(self, message: Msg) -> None:
        try:
            told: dict[str, Any] = orjson.loads(message.data)
            if told["gateway"] == self._gateway:
                self._came_back(told["number"])
                return
            self._company_until, now = time.monotonic() + COMPANY_SECONDS, time.time()
            for key, ends, count in told["counts"]:
                self.windows.hear(told["gateway"], key, ends, count, now)
        except (ValueError, KeyError, TypeError):
            log.warning("counts.unreadable")

    def _came_back(self, number: int) -> None:
        self._comes_back, self._back_at = True, time.monotonic()
        if number in self._on_their_way:
            window, mine, counted = self._on_their_way[number]
            if not counted.done():
                counted.set_result(window.elsewhere + mine)
