"""The gateway as an ASGI application: every request comes in here, and every answer leaves from here."""

import time
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, StatusCode

from libs.common.errors import Failure, MethodNotAllowed, NotFound
from libs.common.heads import SECURITY
from libs.common.logs import log, request_id
from libs.common.telemetry import tracer
from services.gateway import measures
from services.gateway.addresses import budget_of, client_address
from services.gateway.admission import METHODS, PROBES, admit, own_hosts
from services.gateway.answers import HSTS
from services.gateway.body import ClientGone, Receive
from services.gateway.doorman import Doorman
from services.gateway.exchange import Exchange, Scope, Send
from services.gateway.house import House
from services.gateway.pages import answer_front_page
from services.gateway.routes import READS, route_of, slashed

QUIET: Final = PROBES | {"/media/{key}", "/static/{path}", "/{file}"}
"""Asked often and of little interest: not in the request log unless they fail."""
CLIENT_CLOSED: Final = 499
"""In logs and metrics only: the client left before its answer."""

Answer = Callable[[Exchange], Awaitable[None]]


class Edge:
    """Admits, routes and answers; sees to it that no failure leaves in any other shape than the contract's."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._settings = house.settings
        self.doorman = Doorman(house.peers, house.origins)
        """Asked by the server before a request becomes one (libs/common/shedding.py)."""
        self._hosts = self._settings.allowed_hosts or own_hosts(self._settings.public_base_url)
        self._security = (*SECURITY, HSTS) if house.settings.environment == "production" else SECURITY
        # The gateway's own paths, which need no token; True where the budgets count them (contract G7).
        self._own: dict[str, tuple[Answer, bool]] = {
            "/": (self._answer_root, False),
            "/health/": (house.health.answer_alive, False),
            "/ready/": (house.health.answer_ready, False),
            "/metrics/": (house.metrics.answer, False),
            "/metrics/own/": (house.metrics.answer_own, False),
            "/api/v1/version/": (house.version.answer, True),
            "/api/docs/": (house.docs.answer_swagger, True),
            "/api/redoc/": (house.docs.answer_redoc, True),
            "/api/schema/": (house.docs.answer_schema, True),
            "/api/events/": (house.docs.answer_events, True),
        }
        if house.settings.health_check_enabled:
            self._own["/api/v1/health/"] = (house.health.answer_report, False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._serve(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._house.live(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        settings = self._settings
        exchange = Exchange(
            scope, receive, send, limit=settings.max_body_bytes, patience=settings.body_patience_seconds
        )
        exchange.add_to_answer(*self._security)
        at_work = request_id.set(exchange.id)
        # A new trace each: what a stranger says of spans of his own is not taken up.
        span = tracer.start_span(exchange.method, Context(), SpanKind.SERVER)
        measures.in_progress.inc()
        try:
            with trace.use_span(span, end_on_exit=False, record_exception=False, set_status_on_exception=False):
                await self._answer_or_fail(exchange, scope)
                self._note(exchange, span, time.perf_counter() - began)
        finally:
            if exchange.place is not None:
                exchange.place.leave(unused=True)
            measures.in_progress.dec()
            span.end()
            request_id.reset(at_work)

    async def _answer_or_fail(self, exchange: Exchange, scope: Scope) -> None:
        try:
            await self._answer(exchange, scope)
        except Failure as failure:
            await self._refuse(exchange, failure)
        except ClientGone:
            exchange.status = CLIENT_CLOSED
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not leave in another shape
            log.error("request.failed", route=exchange.route, exc_info=error)
            # An answer that has begun cannot be taken back: the server closes the connection, which tells the client.
            await self._refuse(exchange, Failure({"detail": "Internal server error."}, status=500))

    async def _refuse(self, exchange: Exchange, failure: Failure) -> None:
        try:
            await exchange.fail(failure)
        except ClientGone:
            exchange.status = CLIENT_CLOSED

    async def _answer(self, exchange: Exchange, scope: Scope) -> None:
        exchange.path = slashed(exchange.sent_path)
        house, path = self._house, exchange.path
        house.origins.mark(exchange)
        admit(exchange, self._hosts)
        peer = scope["client"][0] if scope.get("client") else ""
        forwarded_for = exchange.header(b"x-forwarded-for").decode("latin-1")
        exchange.client = client_address(peer, forwarded_for, self._settings.trusted_proxies)
        with nullcontext() if path in PROBES else house.crowding.enter(budget_of(exchange.client)):
            await self._dispatch(exchange)

    async def _dispatch(self, exchange: Exchange) -> None:
        house, path = self._house, exchange.path
        if house.origins.is_preflight(exchange):
            await house.origins.answer_preflight(exchange)
        elif path.startswith("/media/"):
            await self._answer_own(exchange, house.media.answer)
        elif path.startswith("/static/"):
            await self._answer_own(exchange, house.static.answer)
        elif path in self._own:
            exchange.route = path
            answer, is_counted = self._own[path]
            if is_counted:
                exchange.claims = await house.door.identify(exchange)
                await house.budgets.count(exchange)
            await self._answer_own(exchange, answer)
        elif (route := route_of(path)) is not None:
            exchange.route = route.unknown
            exchange.claims = await house.door.identify(exchange)
            if path.startswith("/api/"):
                await house.budgets.count(exchange)
            await house.forwarder.forward(exchange, route)
        elif (file := await house.client.find(exchange)) is not None:
            await self._answer_own(exchange, file.answer)
        else:
            raise NotFound

    async def _answer_root(self, exchange: Exchange) -> None:
        """`GET /`: the client; a plain page where there is none."""
        file = await self._house.client.find(exchange)
        await (answer_front_page(exchange) if file is None else file.answer(exchange))

    async def _answer_own(self, exchange: Exchange, answer: Answer) -> None:
        if exchange.method == "OPTIONS":
            await exchange.answer(204, headers=[(b"allow", b"GET, HEAD, OPTIONS")])
        elif exchange.method in READS:
            await answer(exchange)
        else:
            raise MethodNotAllowed(exchange.method, "GET, HEAD, OPTIONS")

    def _note(self, exchange: Exchange, span: trace.Span, seconds: float) -> None:
        """Metrics, span and log line of one request: templates and ids, never bodies, tokens or queries."""
        route, status = exchange.route, exchange.status
        method = exchange.method if exchange.method in METHODS else "OTHER"
        measures.observe(method, route, status, seconds)
        if span.is_recording():
            span.update_name(f"{method} {route}")
            span.set_attribute("http.request.method", method)
            span.set_attribute("http.route", route)
            span.set_attribute("http.response.status_code", status)
            if status >= 500:
                span.set_status(StatusCode.ERROR)
        if route not in QUIET or status >= 500:
            log.info(
                "request",
                method=method,
                route=route,
                status=status,
                ms=round(seconds * 1000, 1),
                user_id=str(exchange.claims.user_id) if exchange.claims else None,
            )
