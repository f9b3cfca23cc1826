"""Passes a request to the service it belongs to: which deadline, which connection, and when once more (design §5)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

import aiohttp
from multidict import CIMultiDict
from opentelemetry import propagate

from libs.common import leaving
from libs.common.errors import Unavailable
from libs.common.logs import log
from services.gateway import measures, passing, routes
from services.gateway.answer_back import answer_back
from services.gateway.body import Body
from services.gateway.consistency import SharedWrites, registered_in
from services.gateway.exchange import Exchange
from services.gateway.failures import BadAnswer, NoAnswerInTime
from services.gateway.peers import Peer, Peers
from services.gateway.routes import Route
from services.gateway.settings import GatewaySettings

BROKEN_OFF: Final = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, ConnectionError)


class Forwarder:
    """The pass-through."""

    def __init__(self, settings: GatewaySettings, peers: Peers, writes: SharedWrites) -> None:
        self._settings = settings
        self._peers = peers
        self._writes = writes

    async def forward(self, exchange: Exchange, route: Route) -> None:
        """Answers `exchange` with what the route's service says.

        Raises:
            Unavailable: 503, the service cannot be reached, ended meanwhile, or has all its places taken.
            NoAnswerInTime: 504.
            BadAnswer: 502.
            Failure: what is wrong with the request's body (413, 408).
        """
        peer = self._peers.named(route.service)
        body = exchange.body
        body.refuse_if_too_large()
        is_upload = not body.finished and (not body.is_small or _is_multipart(exchange))
        data = await body.whole() if body.is_small and not body.finished else None
        with peer.upload_places.take() if is_upload else exchange.place or peer.places.take():
            until = asyncio.get_running_loop().time() + self._seconds(exchange, is_upload)
            async with self._asked(exchange, peer, data, until) as response:
                await self._take_note(exchange, response)
                last = await answer_back(
                    exchange, response, until=until, piece_seconds=self._settings.read_deadline_seconds
                )
        await exchange.end(last)

    def _seconds(self, exchange: Exchange, is_upload: bool) -> float:
        if is_upload:
            return self._settings.upload_deadline_seconds
        if exchange.method in routes.READS:
            return self._settings.read_deadline_seconds
        return self._settings.write_deadline_seconds

    @asynccontextmanager
    async def _asked(
        self, exchange: Exchange, peer: Peer, data: bytes | None, until: float
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        try:
            async with asyncio.timeout_at(until):
                response = await self._ask(exchange, peer, data)
        except TimeoutError:
            _raise_reason(exchange.body)
            log.warning("forward.no_answer_in_time", upstream=peer.name)
            raise NoAnswerInTime from None
        async with response:
            try:
                yield response
            finally:
                if not exchange.body.finished:
                    # An answer before the whole question: the rest is dropped, and this connection with it.
                    response.close()

    async def _ask(self, exchange: Exchange, peer: Peer, data: bytes | None) -> aiohttp.ClientResponse:
        method, body = exchange.method, exchange.body
        session = self._peers.pooled if method in routes.READS else self._peers.fresh
        query, headers = _escaped(exchange.query), self._headers(exchange)
        may_break = method in routes.READS
        instances = peer.instances.in_turn()
        for number, instance in enumerate(instances, start=1):
            is_last = number == len(instances)
            # A generator is used up by one attempt, but an attempt that never connected has not touched it.
            content = data if data is not None or body.finished else body.chunks()
            url = peer.url(instance, exchange.path, query)
            try:
                response = await session.request(method, url, headers=headers, data=content, allow_redirects=False)
            except (aiohttp.ConnectionTimeoutError, aiohttp.ClientConnectorError) as error:
                instance.is_away()
                if is_last:
                    log.warning("forward.unreachable", upstream=peer.name, error=type(error).__name__)
                    raise Unavailable from None
            except (aiohttp.ClientError, OSError, ValueError) as error:
                _raise_reason(body)
                if is_last or not may_break or content is not None:
                    log.warning("forward.bad_answer", upstream=peer.name, error=type(error).__name__)
                    # Ended in the middle of the question: soon back, like one that cannot be reached (H1).
                    raise (Unavailable() if isinstance(error, BROKEN_OFF) else BadAnswer()) from None
                may_break = False
            else:
                if leaving.HEADER in response.headers:
                    instance.leaves()
                return response
            measures.retries.labels(peer.name).inc()
        raise BadAnswer

    def _headers(self, exchange: Exchange) -> CIMultiDict[str]:
        headers = passing.to_service(exchange.headers)
        headers["X-Request-Id"] = exchange.id
        propagate.inject(headers)
        if exchange.claims is not None and routes.is_read(exchange.method, exchange.path):
            tokens = self._writes.tokens(exchange.claims.user_id)
            if tokens:
                headers["X-Consistency-Token"] = tokens
        return headers

    async def _take_note(self, exchange: Exchange, response: aiohttp.ClientResponse) -> None:
        """What a service tells only the gateway: the route's name, and what the user's next reads must show."""
        route = response.headers.get("X-Route")
        if route and route != "unmatched":
            exchange.route = route
        tokens = response.headers.get("X-Consistency-Token")
        if tokens:
            for user_id in _whose(exchange, tokens):
                await self._writes.learn(user_id, tokens)


def _whose(exchange: Exchange, tokens: str) -> list[UUID]:
    """Who has written: the caller or, where nobody is signed in yet, the player who has just been registered."""
    if exchange.claims is not None:
        return [exchange.claims.user_id]
    return registered_in(tokens)


def _is_multipart(exchange: Exchange) -> bool:
    return exchange.header(b"content-type").lower().startswith(b"multipart/")


def _escaped(query: bytes) -> str:
    """The query as it came; bytes that do not belong into a request line are escaped."""
    if query.isascii():
        return query.decode()
    return "".join(chr(byte) if byte < 128 else f"%{byte:02X}" for byte in query)


def _raise_reason(body: Body) -> None:
    """A broken upload has its reason on the client's side, if there is one."""
    if body.failure is not None:
        raise body.failure
