"""The outermost layer of every service: ids, metrics, logs, and no failure that escapes its shape."""

import time
from collections.abc import Callable, MutableMapping
from typing import Any, Final
from urllib.parse import parse_qsl
from uuid import uuid4

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from libs.common import consistency, leaving, telemetry
from libs.common.availability import is_away, is_bad_value
from libs.common.errors import INTERNAL_ERROR, Failure, FieldErrors, NotFound, Unavailable
from libs.common.logs import log, request_id

CONSISTENCY: Final = consistency.HEADER.encode()
LEAVING: Final = (leaving.HEADER.encode(), b"1")
JSON_HEADER: Final = (b"content-type", b"application/json")
MAX_REQUEST_ID: Final = 100
QUIET: Final = frozenset({"/health/", "/ready/", "/metrics/"})


class Edge:
    """Wraps the application; sits outside its exception handling, inside the server."""

    def __init__(self, app: ASGIApp, wait_for: Callable[[str], Any]) -> None:
        self._app = app
        self._wait_for = wait_for

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope = normalized(scope)
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"").decode("latin-1")
        token = request_id.set(given if 0 < len(given) <= MAX_REQUEST_ID and given.isascii() else uuid4().hex)
        try:
            await self._answer(scope, receive, send, headers)
        finally:
            request_id.reset(token)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, headers: dict[bytes, bytes]) -> None:
        started, method = time.perf_counter(), scope["method"]
        state: dict[str, Any] = scope.setdefault("state", {})
        status = 0

        async def send_with_more(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                more = [(b"x-request-id", request_id.get().encode())]
                if changed := state.get("changed"):
                    more.append((CONSISTENCY, changed.encode()))
                if state.get("stale"):
                    more.append((consistency.STALE_HEADER.encode(), b"stale"))
                if leaving.has_begun():
                    more.append(LEAVING)
                more.append((b"x-route", route_of(scope).encode("latin-1", "replace")))
                message["headers"] = [*message.get("headers", ()), *more]
            await send(message)

        try:
            check_url(scope)
            if wanted := headers.get(CONSISTENCY):
                state["stale"] = not await self._wait_for(wanted.decode("latin-1"))
            await self._app(scope, receive, send_with_more)
        except Exception as error:
            if status:
                # Half an answer is out already; only the closed connection can tell that it is not whole.
                log.error("request.broken_off", route=route_of(scope), exc_info=error)
                raise
            await send_failure(send_with_more, failure_of(error, route_of(scope)))
        finally:
            route, seconds = route_of(scope), time.perf_counter() - started
            telemetry.http_requests.labels(method, route, str(status)).observe(seconds)
            if route not in QUIET:
                log.info("request", method=method, route=route, status=status, ms=round(seconds * 1000, 1))


def normalized(scope: Scope) -> Scope:
    """The slashed path is the real one; the unslashed is answered identically (contract G1). HEAD is a GET.

    A copy, because the server goes by its own scope to leave out the body of an answer to HEAD.
    """
    path: str = scope["path"]
    if not path.endswith("/") and "." not in path.rpartition("/")[2]:
        path += "/"
    method = scope["method"]
    return {**scope, "path": path, "method": "GET" if method == "HEAD" else method, "is_head": method == "HEAD"}


def check_url(scope: Scope) -> None:
    """A NUL in a path names nothing; in a query it is an error of that parameter, before any route looks at it."""
    if "\x00" in scope["path"]:
        raise NotFound
    if b"%00" in scope["query_string"]:
        names = [name for name, value in parse_qsl(scope["query_string"].decode("latin-1")) if "\x00" in name + value]
        raise FieldErrors({name.replace("\x00", ""): ["Null characters are not allowed."] for name in names})


def is_quiet(scope: MutableMapping[str, Any]) -> bool:
    """Whether a request is only a look at the service itself: it makes no trace."""
    return scope["path"] in QUIET


def route_of(scope: Scope) -> str:
    """The template of the route that answered, never the concrete path."""
    route = scope.get("route")
    return getattr(route, "path_format", None) or "unmatched"


def failure_of(error: Exception, route: str) -> Failure:
    """What an unexpected error looks like from outside: 503 where something is away, else 500; logged once."""
    if isinstance(error, Failure):
        return error
    if is_away(error):
        log.warning("request.unavailable", route=route, error=type(error).__name__)
        return Unavailable()
    if is_bad_value(error):
        # The net below every field's own validation: what falls into it is worth a look, but is no failure of ours.
        log.warning("request.bad_value", route=route, error=type(error).__name__)
        return Failure({"detail": "Invalid value."})
    log.error("request.failed", route=route, exc_info=error)
    telemetry.report_error(error)
    return Failure({"detail": "Internal server error."}, status=500)


async def send_failure(send: Send, failure: Failure) -> None:
    """Answers with a failure, at the level of ASGI."""
    body = failure.encoded() if failure.body else INTERNAL_ERROR
    headers = [JSON_HEADER, (b"content-length", str(len(body)).encode())]
    headers += [(name.lower().encode(), value.encode("latin-1")) for name, value in failure.headers.items()]
    await send({"type": "http.response.start", "status": failure.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
