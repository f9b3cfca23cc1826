"""Bulk projections: events by the hundred, one transaction a batch (bus notes §8: about 25,000 events a second).

FastStream's own batches strand messages (bus notes §1), so this is a plain fetch loop on the same connection.
"""

import asyncio
import time
from typing import Final

import nats.errors
import nats.js.errors
from nats.aio.msg import Msg
from nats.js import JetStreamContext

from libs.common import telemetry
from libs.common.availability import is_away
from libs.common.bus import STREAM, Bus, fetch_some
from libs.common.consistency import Progress
from libs.common.db import Database
from libs.common.faults import fault
from libs.common.handlers import Handler, Poison
from libs.common.inbox import read_event, settle_failure
from libs.common.logs import log
from libs.contracts.event import Event

BATCH: Final = 500
FETCH_SECONDS: Final = 5.0
AWAY_SECONDS: Final = 0.5
FEW: Final = 16
"""So many events of a batch are told of one by one, each where it belongs; of more, as in a rebuild, only how many."""


class Projector:
    """Runs one bulk handler."""

    def __init__(self, handler: Handler, database: Database, bus: Bus, progress: Progress) -> None:
        assert handler.many is not None
        self._handler = handler
        self._many = handler.many
        self._db = database
        self._bus = bus
        self._progress = progress

    async def run(self) -> None:
        """Fetches and applies for as long as the process lives."""
        subscription: JetStreamContext.PullSubscription | None = None
        while True:
            await self._bus.until_connected()
            try:
                if subscription is None:
                    subscription = await self._bus.js.pull_subscribe_bind(self._handler.durable, STREAM)
                messages = await fetch_some(subscription, BATCH, FETCH_SECONDS)
            except (nats.errors.Error, nats.js.errors.Error, TimeoutError, OSError) as error:
                if not isinstance(error, TimeoutError):
                    # No stream, no durable, no broker: the watchdog mends it; asking again at once would spin.
                    await asyncio.sleep(AWAY_SECONDS)
                continue
            await self._apply(messages)

    async def _apply(self, messages: list[Msg]) -> None:
        events: list[Event] = []
        good: list[Msg] = []
        for message in messages:
            try:
                events.append(read_event(message.subject, message.data))
                good.append(message)
            except Poison as error:
                with telemetry.continued(message.headers or {}, self._handler.durable):
                    await settle_failure(self._db, message, error)
        if not events:
            return
        began = time.time()
        try:
            with telemetry.event_seconds.labels(self._handler.durable).time():
                async with self._db.transaction() as session:
                    await self._many(events, session)
                    fault("consumer.before_commit")
        except Exception as error:  # noqa: BLE001 - every kind is settled below
            await self._settle(good, error)
            return
        fault("consumer.after_commit_before_ack")
        for message in good:
            await message.ack()
        telemetry.events_handled.labels(self._handler.durable, "done").inc(len(good))
        self._tell(good, began)
        await self._progress.moved()

    def _tell(self, messages: list[Msg], began: float) -> None:
        consumer, took = self._handler.durable, round((time.time() - began) * 1000, 1)
        if len(messages) > FEW:
            log.info("events", consumer=consumer, count=len(messages), ms=took)
            return
        for message in messages:
            with telemetry.continued(message.headers or {}, consumer, since=began):
                log.info("event", consumer=consumer, subject=message.subject, together=len(messages), ms=took)

    async def _settle(self, messages: list[Msg], error: Exception) -> None:
        """Finds the culprit by halving; something that is away concerns them all alike."""
        if len(messages) > 1 and not is_away(error):
            middle = len(messages) // 2
            await self._apply(messages[:middle])
            await self._apply(messages[middle:])
            return
        log.warning("projector.batch_failed", consumer=self._handler.durable, count=len(messages))
        for message in messages:
            with telemetry.continued(message.headers or {}, self._handler.durable):
                await settle_failure(self._db, message, error)
