"""The connection of a process to NATS: one broker, started in the background, that never gives up (bus notes §8)."""

import asyncio
from contextlib import suppress
from typing import Any, Final
from urllib.parse import urlsplit

import nats.errors
from faststream.nats import NatsBroker
from faststream.nats.opentelemetry import NatsTelemetryMiddleware
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext

from libs.common.logs import log

STREAM: Final = "EVENTS"
CONNECT_SECONDS: Final = 3
RETRY_SECONDS: Final = 1.0
STOP_SECONDS: Final = 3.0
PING_SECONDS: Final = 10
STUCK_SECONDS: Final = 20.0
LOOK_SECONDS: Final = 2.0


def addresses(url: str) -> list[str]:
    """The servers that `NATS_URL` names: one, or several of a cluster, separated by commas."""
    return [address.strip() for address in url.split(",") if address.strip()]


def inbox_of_user(user: str) -> str:
    """Where a user of the bus gets its answers; nobody else may listen there (docs/decisions/0013)."""
    return f"_INBOX_{user}" if user else "_INBOX"


def inbox_at(url: str) -> str:
    """The same for whoever connects with the address `nats://user:password@host:port`; the first of several counts."""
    return inbox_of_user(urlsplit(url.partition(",")[0]).username or "")


async def _note(error: Exception) -> None:
    """What the server refuses or the connection suffers; a missing permission is told here and nowhere else."""
    log.warning("bus.error", error=str(error)[:300])


async def fetch_some(subscription: JetStreamContext.PullSubscription, most: int, seconds: float) -> list[Msg]:
    """Waits for an event, and takes what else is there already, at most so many.

    Not `fetch(most)`: that leaves a stale request behind when its time is over, which swallows the next event for
    seconds (docs/decisions/0010).

    Raises:
        TimeoutError: nothing came within `seconds`.
    """
    messages = await subscription.fetch(1, timeout=seconds)
    waiting = messages[0].metadata.num_pending
    if waiting and most > 1:
        with suppress(TimeoutError):
            messages += await subscription.fetch(min(most - 1, waiting), timeout=1)
    return messages


class Bus:
    """One NATS connection shared by consumers, relay and watchdog.

    FastStream's defaults would close the connection for good after two minutes without a broker; these do not.
    """

    def __init__(self, url: str, *, name: str, middlewares: tuple[Any, ...] = ()) -> None:
        self.broker = NatsBroker(
            addresses(url),
            name=f"biologidex-{name}",
            max_reconnect_attempts=-1,
            reconnect_time_wait=1,
            connect_timeout=CONNECT_SECONDS,
            ping_interval=PING_SECONDS,
            max_outstanding_pings=2,
            graceful_timeout=STOP_SECONDS,
            # Draining a pull subscription often waits for nothing until this is over.
            drain_timeout=2,
            inbox_prefix=inbox_at(url),
            error_cb=_note,
            middlewares=(*middlewares, NatsTelemetryMiddleware()),
            logger=None,
        )
        self.inbox = inbox_at(url)
        self._ready = asyncio.Event()
        self._client: Client | None = None

    @property
    def connected(self) -> bool:
        """Whether the broker can be reached at this moment."""
        return self._client is not None and self._client.is_connected

    @property
    def nc(self) -> Client:
        """The plain connection, for what FastStream has no word for."""
        if self._client is None:
            raise nats.errors.ConnectionClosedError
        return self._client

    @property
    def js(self) -> JetStreamContext:
        return self.nc.jetstream(timeout=5)

    async def until_connected(self) -> None:
        """Waits for the first connection, and for the present one to be back."""
        await self._ready.wait()
        while not self.connected:  # noqa: ASYNC110 - the client has no event for it
            await asyncio.sleep(0.2)

    async def connect(self) -> None:
        """Tries until the broker answers; HTTP is served meanwhile."""
        while self._client is None:
            try:
                self._client = await asyncio.wait_for(self.broker.connect(), CONNECT_SECONDS + 2)
            except (nats.errors.Error, OSError, TimeoutError) as error:
                log.warning("bus.waiting", error=type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)
        self._ready.set()
        log.info("bus.connected")

    async def unstick(self) -> None:
        """Cuts a half-open connection that the client would wait on for a quarter of an hour (nats.py issue 671)."""
        away = 0.0
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            away = 0.0 if self.connected or self._client is None else away + LOOK_SECONDS
            if away > STUCK_SECONDS:
                away = 0.0
                log.warning("bus.cutting_a_stuck_connection")
                with suppress(AttributeError):
                    self.nc._transport._io_writer.transport.abort()  # type: ignore[union-attr]

    async def close(self) -> None:
        """Ends consumers and connection; while disconnected the client raises, which is no reason not to end."""
        if self._client is None:
            return
        with suppress(nats.errors.Error, TimeoutError, OSError):
            await asyncio.wait_for(self.broker.stop(), STOP_SECONDS + 1)
        if not self._client.is_closed:
            with suppress(nats.errors.Error, TimeoutError, OSError):
                await asyncio.wait_for(self._client.close(), 2)
