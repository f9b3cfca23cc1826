"""The services as the gateway reaches them: connections, places, and short questions of its own."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
import orjson
from yarl import URL

from libs.common.errors import Unavailable
from services.gateway import measures
from services.gateway.settings import GatewaySettings

CONNECT_SECONDS: Final = 1.0
KEEP_ALIVE_SECONDS: Final = 30.0
"""Shorter than the services' own, so that it is the gateway that ends an idle connection."""
RETRY_AFTER_SECONDS: Final = 1
WORKER: Final = "vision-worker"


@dataclass(frozen=True, slots=True)
class Told:
    """A service's answer to a question of the gateway's own; `status` is 0 when there was none."""

    status: int
    body: bytes
    milliseconds: float

    @property
    def content(self) -> dict[str, Any]:
        """The answer's JSON object; empty when it is none."""
        try:
            content = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return {}
        return content if isinstance(content, dict) else {}


class Places:
    """How many requests may be at one service at once; more are refused at once, which keeps the rest quick."""

    def __init__(self, service: str, kind: str, size: int) -> None:
        self._service = service
        self._free = size
        self._taken = measures.in_flight.labels(service, kind)

    @contextmanager
    def take(self) -> Iterator[None]:
        """Raises:
        Unavailable: 503 with `Retry-After`, when all places are taken.
        """
        if self._free <= 0:
            measures.shed.labels(self._service).inc()
            raise Unavailable(retry_after=RETRY_AFTER_SECONDS)
        self._free -= 1
        self._taken.inc()
        try:
            yield
        finally:
            self._free += 1
            self._taken.dec()


class Peer:
    """One service: its address, its connections, its places."""

    def __init__(self, name: str, address: str, settings: GatewaySettings) -> None:
        self.name = name
        self._address = URL(address)
        self.places = Places(name, "requests", settings.max_in_flight)
        self.upload_places = Places(name, "uploads", settings.max_uploads_in_flight)

    def url(self, path: str, query: str = "") -> URL:
        """The private address of a path, neither of them touched."""
        return URL.build(
            scheme=self._address.scheme,
            host=self._address.host or "",
            port=self._address.port,
            path=path,
            query_string=query,
            encoded=True,
        )


class Peers:
    """All services. `open` before use, `close` at the end; both in the loop that serves."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._by_name = {name: Peer(name, url, settings) for name, url in settings.services.items()}
        worker = settings.vision_worker_url.rstrip("/")
        self._workers = [Peer(WORKER, worker, settings)] if worker else []
        self.pooled: aiohttp.ClientSession
        """Keeps connections; for what may be asked again should one of them turn out to be closed."""
        self.fresh: aiohttp.ClientSession
        """A new connection each: a write must not be lost to a connection that the service has just closed."""

    def named(self, name: str) -> Peer:
        """Raises:
        Unavailable: this gateway has no address for the service.
        """
        peer = self._by_name.get(name)
        if peer is None:
            raise Unavailable
        return peer

    async def open(self) -> None:
        self.pooled = _session(aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_SECONDS))
        self.fresh = _session(aiohttp.TCPConnector(limit=0, force_close=True))

    async def close(self) -> None:
        await self.pooled.close()
        await self.fresh.close()

    async def ask_all(self, path: str, *, seconds: float, and_workers: bool = False) -> Mapping[str, Told]:
        """What every service answers to a GET, asked all at once; one without an answer in time has status 0."""
        peers = [*self._by_name.values(), *(self._workers if and_workers else ())]
        answers = await asyncio.gather(*(self._ask(peer, path, seconds) for peer in peers))
        return {peer.name: answer for peer, answer in zip(peers, answers, strict=True)}

    async def _ask(self, peer: Peer, path: str, seconds: float) -> Told:
        began = time.perf_counter()
        status, body = 0, b""
        try:
            async with asyncio.timeout(seconds), self.pooled.get(peer.url(path)) as response:
                body, status = await response.read(), response.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            pass  # Status 0 says it.
        return Told(status, body, round((time.perf_counter() - began) * 1000, 1))


def _session(connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
    session = aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        # Deadlines belong to the route; only the connecting has one of its own.
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
    )
    # The client would send PUT and DELETE a second time by itself when a connection breaks, and has no public switch
    # for it; what is sent again, and what never is, is for `forward` to say. A test holds this line in place.
    session._retry_connection = False
    return session
