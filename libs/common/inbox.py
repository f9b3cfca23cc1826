"""Events come in: each in one transaction, acknowledged after its commit, set aside when it can never succeed.

FastStream's own acknowledgement would throw an event away at its first exception (bus notes §1), so ours decides:
done → ack; can never succeed → dead letter, then ack; something is away → again later, for ever;
unknown error → again later, and a dead letter after eight tries.
"""

import random
import time
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Union
from uuid import UUID

import orjson
from faststream import AckPolicy, BaseMiddleware
from faststream.nats import JStream, NatsMessage, PullSub
from nats.aio.msg import Msg
from opentelemetry import propagate
from opentelemetry.context import Context, attach
from pydantic import ValidationError
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import telemetry
from libs.common.availability import is_away
from libs.common.bus import STREAM, Bus
from libs.common.consistency import Progress
from libs.common.db import Database
from libs.common.errors import Unavailable
from libs.common.faults import fault
from libs.common.handlers import Handler, Handlers, Poison
from libs.common.logs import log, request_id
from libs.common.outbox import dead_letter
from libs.contracts.catalogue import EVENTS
from libs.contracts.event import Event

__all__ = ["Handlers", "Poison"]

MAX_TRIES: Final = 8
MAX_DELAY_SECONDS: Final = 60.0
FETCH_SECONDS: Final = 5.0
MAX_VERSION: Final = 2**63 - 1


def read_event(subject: str, data: bytes) -> Event:
    """Decodes one event of the bus.

    Raises:
        Poison: unknown type, or a payload that does not fit it.
    """
    model = EVENTS.get(subject)
    if model is None:
        raise Poison(f"unknown event type {subject}")
    try:
        event = model.model_validate_json(data)
    except ValidationError as error:
        raise Poison(f"invalid {subject}: {error.error_count()} errors") from error
    if not 0 <= event.version <= MAX_VERSION:
        raise Poison(f"invalid {subject}: no such version")
    return event


def delay_of(deliveries: int) -> float:
    """Seconds until the next try: doubling up to a minute, spread so that waiters do not come back together."""
    return min(MAX_DELAY_SECONDS, 0.25 * 2.0 ** min(deliveries, 12)) * random.uniform(0.8, 1.2)  # noqa: S311


class Inbox:
    """Connects a service's handlers to the bus."""

    def __init__(self, handlers: Handlers, database: Database, bus: Bus, progress: Progress) -> None:
        self._handlers = handlers
        self._db = database
        self._bus = bus
        self._progress = progress

    def subscribe(self) -> None:
        """Declares a pull subscriber for every single-event handler; the durables exist already by then."""
        for handler in self._handlers.all:
            if handler.one is not None:
                self._subscribe(handler)

    def _subscribe(self, handler: Handler) -> None:
        async def decode(message: NatsMessage) -> Event:
            return read_event(message.raw_message.subject, message.body)

        subscriber = self._bus.broker.subscriber(
            handler.subjects[0],
            durable=handler.durable,
            stream=JStream(STREAM, declare=False),
            # One at a time: asking for several leaves a stale request behind after every idle pause, which the
            # next event is given to, and the next fetch then waits in vain (nats-py 2.16; docs/decisions/0010).
            pull_sub=PullSub(batch_size=1, timeout=FETCH_SECONDS),
            inbox_prefix=f"{self._bus.inbox}.".encode(),
            ack_policy=AckPolicy.MANUAL,
            no_reply=True,
            decoder=decode,
            title=handler.durable,
            description=handler.one.__doc__ if handler.one else None,
        )
        # The durable filters by all its subjects; binding to it needs only its name.
        subscriber(self._consumer(handler))

    def _consumer(self, handler: Handler) -> Any:
        async def consume(event: Event) -> None:
            assert handler.one is not None
            with telemetry.event_seconds.labels(handler.durable).time():
                async with self._db.transaction() as session:
                    await handler.one(event, session)
                    fault("consumer.before_commit")
            fault("consumer.after_commit_before_ack")
            await self._progress.moved()

        consume.__name__ = handler.durable.replace("-", "_")
        consume.__annotations__ = {"event": Union[handler.events], "return": None}  # noqa: UP007 - a union made at run time
        return consume


class Acknowledgement(BaseMiddleware[Any, Msg]):
    """Decides after each event what becomes of it; sees decoding errors as well as the handler's."""

    db: Database
    """Set by a subclass for each service, because FastStream makes an object per message."""

    async def on_receive(self) -> None:
        headers = self.msg.headers or {} if self.msg else {}
        request_id.set(headers.get("correlation_id", ""))
        # For what is told before and after the handler, beside whose own span: the trace that the event came with.
        attach(propagate.extract(headers, Context()))
        self._began = time.perf_counter()

    async def after_processed(
        self,
        exc_type: type[BaseException] | None = None,
        exc_val: BaseException | None = None,
        exc_tb: TracebackType | None = None,
    ) -> bool | None:
        message = self.msg
        if message is None:
            return False
        consumer = message.metadata.consumer
        if exc_val is None:
            await message.ack()
            telemetry.events_handled.labels(consumer, "done").inc()
            seconds = time.perf_counter() - self._began
            log.info("event", consumer=consumer, subject=message.subject, ms=round(seconds * 1000, 1))
        elif isinstance(exc_val, Exception):
            await settle_failure(self.db, message, exc_val)
            return True
        return False


async def settle_failure(database: Database, message: Msg, error: Exception) -> None:
    """Sets an event aside, or has it delivered again later."""
    consumer, deliveries = message.metadata.consumer, message.metadata.num_delivered
    hopeless = isinstance(error, Poison) or (not is_away(error) and deliveries >= MAX_TRIES)
    if hopeless:
        try:
            async with database.transaction() as session:
                await _set_aside(session, message, error)
        except Exception as failure:  # noqa: BLE001 - whatever it is, the event must not be lost
            log.warning("event.not_set_aside", consumer=consumer, error=type(failure).__name__)
            await message.nak(delay=delay_of(deliveries))
            return
        await message.ack()
        telemetry.dead_letters.labels(consumer).inc()
        telemetry.events_handled.labels(consumer, "dead_letter").inc()
        log.error("event.dead_letter", consumer=consumer, subject=message.subject, reason=describe(error))
        return
    delay = error.retry_after if isinstance(error, Unavailable) else delay_of(deliveries)
    await message.nak(delay=delay)
    telemetry.events_handled.labels(consumer, "again").inc()
    log.warning(
        "event.again",
        consumer=consumer,
        subject=message.subject,
        deliveries=deliveries,
        reason=describe(error),
    )


def describe(error: Exception) -> str:
    """What a person needs to know of it; never values of the event."""
    if isinstance(error, Poison):
        return str(error)
    if isinstance(error, DBAPIError):
        return f"{type(error.orig).__name__}: {str(error.orig).splitlines()[0][:200]}"
    return f"{type(error).__name__}: {str(error)[:200]}"


def _storable(text: object) -> str:
    """What the database takes as text: whatever comes, an event that cannot be set aside would come for ever."""
    return str(text).replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()


async def _set_aside(session: AsyncSession, message: Msg, error: Exception) -> None:
    headers = {_storable(name): _storable(value) for name, value in (message.headers or {}).items()}
    aggregate, version = None, None
    try:
        body = orjson.loads(message.data)
        if 0 <= int(body["version"]) <= MAX_VERSION:
            aggregate, version = UUID(str(body["id"])), int(body["version"])
    except (ValueError, KeyError, TypeError, OverflowError):
        aggregate = None
    statement = insert(dead_letter).values(
        consumer=message.metadata.consumer,
        event_id=headers.get("ce-id", f"seq-{message.metadata.sequence.stream}")[:80],
        subject=message.subject[:80],
        aggregate_id=aggregate,
        version=version,
        payload=message.data,
        headers=headers,
        error=_storable(describe(error)),
        deliveries=message.metadata.num_delivered,
        stream_seq=message.metadata.sequence.stream,
        created_at=datetime.now(UTC),
    )
    await session.execute(statement.on_conflict_do_nothing())
