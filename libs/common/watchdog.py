"""Looks after a process: durables that vanished, an event loop that is late or stalled."""

import asyncio
import os
import threading
import time
from typing import Final

import nats.errors
import nats.js.errors
from nats.js.api import StreamConfig

from libs.common import telemetry
from libs.common.bus import STREAM, Bus
from libs.common.handlers import Handlers
from libs.common.lateness import Lateness
from libs.common.logs import log
from libs.common.provision import provision_handlers, stream_config

LOOK_SECONDS: Final = 15.0
TICK_SECONDS: Final = 0.5
STALLED_SECONDS: Final = 30.0


class Watchdog:
    """One for each process; `watch_bus` and `tick` run until cancelled."""

    def __init__(self, bus: Bus, handlers: Handlers | None, *, replicas: int = 1, max_bytes: int = 0) -> None:
        self._bus = bus
        self._handlers = handlers
        self.stream = stream_config(replicas=replicas, max_bytes=max_bytes)
        self._ticked_at = time.monotonic()
        self._lateness = Lateness()

    async def watch_bus(self) -> None:
        """Measures the log and the lag of each durable, and has a vanished one made again.

        Without it consumers would spin silently.
        """
        while True:
            if self._bus.connected and self._handlers is not None:
                try:
                    await self._look(self._handlers)
                    await self._measure_log()
                except (nats.errors.Error, nats.js.errors.Error, TimeoutError, OSError) as error:
                    log.warning("watchdog.interrupted", error=type(error).__name__)
            await asyncio.sleep(LOOK_SECONDS)

    async def _look(self, handlers: Handlers) -> None:
        js = self._bus.js
        missing = False
        for handler in handlers.all:
            try:
                info = await js.consumer_info(STREAM, handler.durable)
            except nats.js.errors.NotFoundError:
                telemetry.consumer_missing.labels(handler.durable).set(1)
                missing = True
                continue
            telemetry.consumer_missing.labels(handler.durable).set(0)
            telemetry.consumer_pending.labels(handler.durable).set(info.num_pending or 0)
            telemetry.consumer_redelivered.labels(handler.durable).set(info.num_redelivered or 0)
        if missing:
            log.error("watchdog.durables_missing", service=handlers.service)
            await ensure(bus=self._bus, handlers=handlers, stream=self.stream)

    async def _measure_log(self) -> None:
        info = await self._bus.js.stream_info(STREAM)
        telemetry.log_bytes.set(info.state.bytes)
        telemetry.log_messages.set(info.state.messages)
        telemetry.log_max_bytes.set(max(info.config.max_bytes or 0, 0))

    async def tick(self) -> None:
        """Keeps the loop's pulse; a thread ends the process when it stops, which is the one reason to do so."""
        threading.Thread(target=self._end_if_stalled, name="watchdog", daemon=True).start()
        while True:
            asked = time.monotonic()
            await asyncio.sleep(TICK_SECONDS)
            self._ticked_at = time.monotonic()
            self._lateness.note(self._ticked_at - asked - TICK_SECONDS)

    def _end_if_stalled(self) -> None:
        looked_at = time.monotonic()
        while True:
            time.sleep(TICK_SECONDS)
            before, looked_at = looked_at, time.monotonic()
            if looked_at - before > STALLED_SECONDS / 2:
                # This thread slept too long as well: the whole process was stopped, not the loop stalled.
                self._ticked_at = looked_at
            if looked_at - self._ticked_at > STALLED_SECONDS:
                log.error("watchdog.loop_stalled")
                os._exit(1)


async def ensure(*, bus: Bus, handlers: Handlers, stream: StreamConfig) -> None:
    """Makes what is missing on the bus: the stream first, then this service's durables."""
    js = bus.js
    try:
        await js.stream_info(STREAM)
    except nats.js.errors.NotFoundError:
        # Several do so at once; to the server the same stream again is the same. To change one, nobody here may.
        await js.add_stream(stream)
    await provision_handlers(js, handlers)
