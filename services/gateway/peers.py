"""The services as the gateway reaches them: connections, places, and short questions of its own."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
import orjson
from yarl import URL

from libs.common.errors import Unavailable
from libs.common.instances import Instance, Instances
from services.gateway.places import Places, Together
from services.gateway.settings import GatewaySettings

CONNECT_SECONDS: Final = 1.0
NAME_SECONDS: Final = 2
"""How long an address is remembered for a name; a deploy waits a little longer before anybody leaves (0018)."""
KEEP_ALIVE_SECONDS: Final = 30.0
"""Shorter than the services' own, so that it is the gateway that ends an idle connection."""
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


class Peer:
    """One service: its instances and its places."""

    def __init__(self, name: str, addresses: str, settings: GatewaySettings, together: Together) -> None:
        self.name = name
        self.instances = Instances(addresses)
        self._addresses = {instance: URL(instance.address) for instance in self.instances.all}
        self.places = Places(name, "requests", settings.max_in_flight, together)
        self.upload_places = Places(name, "uploads", settings.max_uploads_in_flight)

    def url(self, instance: Instance, path: str, query: str = "") -> URL:
        """The private address of a path at one of the instances, neither of them touched."""
        address = self._addresses[instance]
        return URL.build(
            scheme=address.scheme,
            host=address.host or "",
            port=address.port,
            path=path,
            query_string=query,
            encoded=True,
        )


class Peers:
    """All services. `open` before use, `close` at the end; both in the loop that serves."""

    def __init__(self, settings: GatewaySettings) -> None:
        # One service that hangs leaves half as many to the others as it takes itself.
        together = Together(settings.max_in_flight * 3 // 2)
        self._by_name = {name: Peer(name, url, settings, together) for name, url in settings.services.items()}
        worker = settings.vision_worker_url
        self._workers = [Peer(WORKER, worker, settings, together)] if worker else []
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

    def places_at(self, name: str) -> Places | None:
        """The places for all but uploads at a service; None where this gateway has no address for it."""
        peer = self._by_name.get(name)
        return peer.places if peer else None

    async def open(self) -> None:
        self.pooled = _session(_connector(keepalive_timeout=KEEP_ALIVE_SECONDS))
        self.fresh = _session(_connector(force_close=True))

    async def close(self) -> None:
        await self.pooled.close()
        await self.fresh.close()

    async def ask_all(self, path: str, *, seconds: float, and_workers: bool = False) -> Mapping[str, Told]:
        """What every service answers to a GET, asked all at once; one without an answer in time has status 0.

        Of a service with several instances it is the best answer: it is there as long as one of them is.
        """
        everybody = await self.ask_everybody(path, seconds=seconds, and_workers=and_workers)
        return {name: min(answers, key=_from_best_to_worst) for name, answers in everybody.items()}

    async def ask_everybody(
        self, path: str, *, seconds: float, and_workers: bool = False
    ) -> Mapping[str, Sequence[Told]]:
        """As `ask_all`, but what each instance of a service answers, in the order of its addresses."""
        peers = [*self._by_name.values(), *(self._workers if and_workers else ())]
        asked = [(peer, instance) for peer in peers for instance in peer.instances.all]
        answers = await asyncio.gather(*(self._ask(peer.url(instance, path), seconds) for peer, instance in asked))
        found: dict[str, list[Told]] = {}
        for (peer, _), answer in zip(asked, answers, strict=True):
            found.setdefault(peer.name, []).append(answer)
        return found

    async def _ask(self, url: URL, seconds: float) -> Told:
        began = time.perf_counter()
        status, body = 0, b""
        try:
            async with asyncio.timeout(seconds), self.pooled.get(url) as response:
                body, status = await response.read(), response.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            pass  # Status 0 says it.
        return Told(status, body, round((time.perf_counter() - began) * 1000, 1))


def _from_best_to_worst(told: Told) -> tuple[bool, bool]:
    return told.status != 200, told.status == 0


def _connector(**options: Any) -> aiohttp.TCPConnector:
    return aiohttp.TCPConnector(limit=0, ttl_dns_cache=NAME_SECONDS, **options)


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
