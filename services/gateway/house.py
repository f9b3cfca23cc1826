"""All parts of a running gateway, and how they begin and end."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

from libs.common.blobs import Blobs
from libs.common.bus import Bus
from libs.common.ending import end
from libs.common.lateness import measure_lateness
from libs.common.logs import log
from libs.common.revocations import Revocations
from libs.common.telemetry import bus_connected
from libs.common.tokens import TokenVerifier
from services.gateway import measures
from services.gateway.body import Receive
from services.gateway.client import ClientFiles
from services.gateway.consistency import SharedWrites
from services.gateway.cors import Origins
from services.gateway.counters import SharedCounters
from services.gateway.crowding import Crowding
from services.gateway.docs import Docs
from services.gateway.exchange import Send
from services.gateway.forward import Forwarder
from services.gateway.health import Health
from services.gateway.identity import Doorkeeper
from services.gateway.limits import STRICT, Budgets, longest_window
from services.gateway.media import Media
from services.gateway.metrics import Metrics
from services.gateway.pages import StaticPages
from services.gateway.peers import Peers
from services.gateway.settings import GatewaySettings
from services.gateway.shared_counts import SharedCounts
from services.gateway.version import VersionFile

RESTART_SECONDS: Final = 1.0
LOOK_AT_DISK_SECONDS: Final = 15.0


class House:
    """Put together once; `live` opens it for as long as the server runs."""

    def __init__(self, settings: GatewaySettings) -> None:
        blobs = Blobs(settings.blob_url, settings.public_base_url)
        self.settings = settings
        self.blobs = blobs
        self.bus = Bus(settings.nats_url.get_secret_value(), name="gateway")
        bus_connected.set_function(lambda: float(self.bus.connected))
        self.peers = Peers(settings)
        self.writes = SharedWrites(self.bus)
        self.revocations = Revocations(self.bus, timedelta(minutes=settings.jwt_access_token_lifetime_minutes))
        self.door = Doorkeeper(TokenVerifier(settings.jwks_url), self.revocations)
        self.origins = Origins(settings.cors_allowed_origins)
        self.counts = SharedCounts(
            self.bus, keep_seconds=longest_window(settings), replicas=settings.event_stream_replicas
        )
        counters = SharedCounters(self.counts, strict=STRICT)
        self.budgets = Budgets(settings, counters)
        self.crowding = Crowding(settings.edge_connections)
        self.forwarder = Forwarder(settings, self.peers, self.writes)
        self.health = Health(settings, self.peers, self.bus, blobs, counters)
        self.metrics = Metrics(self.peers, enabled=settings.prometheus_metrics_enabled)
        self.docs = Docs(self.peers, settings.public_base_url)
        self.media = Media(blobs)
        self.static = StaticPages()
        self.client = ClientFiles(settings.client_dir)
        self.version = VersionFile(settings.client_version_file, is_checked=settings.version_check_enabled)
        self._tasks: list[asyncio.Task[None]] = []

    async def live(self, receive: Receive, send: Send) -> None:
        """The ASGI lifespan. Nothing away is waited for: HTTP is there at once, and the bus when it comes."""
        await receive()
        await self.peers.open()
        following = (self.revocations.follow, self.writes.listen, self.counts.follow)
        measuring = (measure_lateness, self.measure_room)
        for work in (self.bus.connect, self.bus.unstick, *following, *measuring):
            self._tasks.append(asyncio.create_task(_keep_going(work), name=work.__name__))
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await end(self._tasks)
        await self.bus.close()
        await self.peers.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def measure_room(self) -> None:
        """Tells how much room there is for pictures; a disk that is gone is tried again later."""
        while True:
            with suppress(OSError):
                if room := await self.blobs.room():
                    free, size = room
                    measures.disk_free.set(free)
                    measures.disk_size.set(size)
            await asyncio.sleep(LOOK_AT_DISK_SECONDS)


async def _keep_going(work: Callable[[], Awaitable[Any]]) -> None:
    while True:
        try:
            await work()
            return
        except Exception as error:  # noqa: BLE001 - a background task must not die silently
            log.error("background.failed", task=getattr(work, "__name__", ""), exc_info=error)
            await asyncio.sleep(RESTART_SECONDS)
