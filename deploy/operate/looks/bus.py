"""Looks at the bus as its administrator: the log of events, how far every durable is, the server itself."""

import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import httpx
import nats.js.errors
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import ConsumerInfo, StreamInfo

from deploy.operate.looks.processes import asking
from libs.common.bus import STREAM, addresses

CONNECT_SECONDS: Final = 2


@dataclass(frozen=True, slots=True)
class BusSeen:
    """The stream is None where there is none; clock and version where the monitoring port was asked."""

    stream: StreamInfo | None
    durables: dict[str, ConsumerInfo] = field(default_factory=dict)
    version: tuple[int, int, int] = (0, 0, 0)
    behind: float | None = None


async def look_at_bus(url: str, monitor: str) -> BusSeen:
    """Raises nats' errors, OSError, TimeoutError: it cannot be asked."""

    async def ignore(_error: Exception) -> None:
        """What goes wrong here is told by the call that needs it."""

    connection = Client()
    try:
        await connection.connect(
            addresses(url),
            name="biologidex-operator",
            connect_timeout=CONNECT_SECONDS,
            max_reconnect_attempts=0,
            allow_reconnect=False,
            error_cb=ignore,
        )
        js = connection.jetstream(timeout=CONNECT_SECONDS)
        told = connection.connected_server_version
        version = (told.major, told.minor, told.patch)
        behind = None
        if monitor:
            behind = await _behind(monitor)
        try:
            stream = await js.stream_info(STREAM)
        except nats.js.errors.NotFoundError:
            return BusSeen(None, version=version, behind=behind)
        return BusSeen(stream, await _durables(js), version, behind)
    finally:
        await connection.close()


async def _durables(js: JetStreamContext) -> dict[str, ConsumerInfo]:
    found: dict[str, ConsumerInfo] = {}
    while page := await js.consumers_info(STREAM, offset=len(found)):
        found |= {info.name: info for info in page}
    return {name: info for name, info in found.items() if info.config.durable_name}


async def _behind(monitor: str) -> float | None:
    """By the server's own clock; None where its monitoring port does not answer, which stops nothing."""
    async with asking(CONNECT_SECONDS) as client:
        try:
            asked = time.time()
            told: dict[str, Any] = (await client.get(f"{monitor}/varz")).json()
        except (httpx.HTTPError, ValueError):
            return None
    said = datetime.fromisoformat(told["now"][:26].rstrip("Z") + "+00:00").timestamp()
    return max(asked - said, 0) or min(time.time() - said, 0)
