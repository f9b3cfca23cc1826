"""Reads the log of events from its beginning: every message once, in order, whatever happens on the way."""

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final, NamedTuple
from uuid import uuid4

import nats.errors
import nats.js.errors
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from libs.common.bus import STREAM
from libs.common.handlers import Poison
from libs.common.inbox import read_event
from libs.contracts.event import Event

BATCH: Final = 500
FETCH_SECONDS: Final = 5.0
ABANDONED_SECONDS: Final = 300.0
TRIES: Final = 5
INTERRUPTED: Final = (nats.errors.Error, nats.js.errors.Error, TimeoutError, OSError)

REPUBLISHED: Final = "republished"
"""Header of a message that was published again, with the run that did so (its beginning, as ISO 8601)."""


def new_run() -> str:
    """The name of a run of republishing: its beginning."""
    return datetime.now(UTC).isoformat()


class Told(NamedTuple):
    """One message of the log. `event` is None where nobody can read it; `digest` is sha256 in hex of its bytes."""

    seq: int
    event_id: str
    subject: str
    run: str
    event: Event | None
    digest: str


def told(message: Msg) -> Told:
    """A message as the checker sees it; without an id of its own it goes by its sequence, as in the dead letters."""
    headers, seq = message.headers or {}, message.metadata.sequence.stream
    try:
        event = read_event(message.subject, message.data)
    except Poison:
        event = None
    event_id, digest = headers.get("ce-id", f"seq-{seq}"), sha256(message.data).hexdigest()
    return Told(seq, event_id, message.subject, headers.get(REPUBLISHED, ""), event, digest)


class LogReader:
    """A consumer of its own that leaves no trace and needs no acknowledgements.

    It counts what it gets; when something is missing, it asks again from there. `subjects`: only these; () for all.
    """

    def __init__(self, js: JetStreamContext, subjects: Sequence[str] = ()) -> None:
        self._js = js
        self._subjects = list(subjects)
        self._next = 1
        self._got = 0
        self._name = ""
        self._subscription: JetStreamContext.PullSubscription | None = None

    @property
    def position(self) -> int:
        """The sequence of the last message read."""
        return self._next - 1

    async def waiting(self) -> int:
        """How many messages are still to be read at this moment."""
        info = await (await self._opened()).consumer_info()
        sent = info.delivered.consumer_seq if info.delivered else 0
        return (info.num_pending or 0) + sent - self._got

    async def read(self) -> list[Msg]:
        """The next messages, at most `BATCH`; none when the end of the log is reached.

        Raises:
            nats.errors.Error, nats.js.errors.Error, TimeoutError, OSError: the bus is away, or has no such stream.
        """
        for last_try in (False,) * (TRIES - 1) + (True,):
            try:
                count = await self.waiting()
                if count <= 0:
                    return []
                messages = await (await self._opened()).fetch(min(BATCH, count), timeout=FETCH_SECONDS)
            except INTERRUPTED:
                if last_try:
                    raise
                await self.close()
                continue
            if taken := self._in_a_row(messages):
                return taken
            await self.close()
        raise TimeoutError

    def _in_a_row(self, messages: list[Msg]) -> list[Msg]:
        """The leading run without a gap; what comes after one will be asked for again."""
        taken = []
        for message in messages:
            if message.metadata.sequence.consumer != self._got + 1:
                break
            self._got += 1
            self._next = message.metadata.sequence.stream + 1
            taken.append(message)
        return taken

    async def _opened(self) -> JetStreamContext.PullSubscription:
        if self._subscription is None:
            self._name, self._got = f"reader-{uuid4().hex}", 0
            config = ConsumerConfig(
                name=self._name,
                deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
                opt_start_seq=self._next,
                ack_policy=AckPolicy.NONE,
                filter_subjects=self._subjects or None,
                inactive_threshold=ABANDONED_SECONDS,
                mem_storage=True,
            )
            await self._js.add_consumer(STREAM, config)
            self._subscription = await self._js.pull_subscribe_bind(self._name, STREAM)
        return self._subscription

    async def close(self) -> None:
        """Takes the consumer away; the next read goes on where this one stopped."""
        if self._subscription is None:
            return
        subscription, self._subscription = self._subscription, None
        try:
            await subscription.unsubscribe()
            await self._js.delete_consumer(STREAM, self._name)
        except INTERRUPTED:
            return  # It goes by itself when nobody asks any more.
