"""One request and its answer on their way through the gateway."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final
from uuid import uuid4

import orjson

from libs.common.errors import Failure
from libs.common.tokens import Claims
from services.gateway.answers import JSON, Headers
from services.gateway.body import Body, ClientGone, Receive
from services.gateway.places import Place, kept_place

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

READER_PATIENCE_SECONDS: Final = 30.0
"""How long a client may leave one piece of a large answer unread before it is given up."""


class Exchange:
    """What is known of one request, and the only way to answer it."""

    __slots__ = (
        "_common",
        "_send",
        "body",
        "claims",
        "client",
        "headers",
        "id",
        "method",
        "path",
        "place",
        "query",
        "route",
        "sent_path",
        "status",
    )

    def __init__(self, scope: Scope, receive: Receive, send: Send, *, limit: int, patience: float) -> None:
        self._send = send
        self.id = uuid4().hex
        """Made here, never taken from outside; the answer, the logs and all services carry it."""
        self.method: str = scope["method"]
        self.sent_path = scope["raw_path"].decode("latin-1")
        """As it came, neither decoded nor repaired."""
        self.path = self.sent_path
        """As routes are written, with its slash at the end."""
        self.query: bytes = scope["query_string"]
        self.headers = _merged(scope["headers"])
        """By lower-case name; a header that came more than once is joined with commas."""
        self.body = Body(receive, self.headers, limit=limit, patience=patience)
        self.client: str = ""
        """The client's address, as far as trusted proxies tell it."""
        self.claims: Claims | None = None
        self.place: Place | None = kept_place(scope)
        """Its place at a service, where the doorman has kept one."""
        self.route = "unmatched"
        """The route's template, for metrics and logs; never the path itself."""
        self.status = 0
        """Status of the answer as soon as it has begun; 0 before."""
        self._common: Headers = [(b"x-request-id", self.id.encode())]

    def header(self, name: bytes) -> bytes:
        """The header's value; empty when it was not sent."""
        return self.headers.get(name, b"")

    def add_to_answer(self, *headers: tuple[bytes, bytes]) -> None:
        """Headers that the answer will carry, whoever makes it."""
        self._common.extend(headers)

    async def start(self, status: int, headers: Headers) -> None:
        """Sends status line and headers."""
        self.status = status
        everything = headers + self._common
        if not self.body.finished:
            # What the client is still sending belongs to this request, so the connection ends with it.
            everything.append((b"connection", b"close"))
        await self._send({"type": "http.response.start", "status": status, "headers": everything})

    async def write(self, chunk: bytes) -> None:
        """Sends a piece of a large answer, at the client's pace."""
        try:
            async with asyncio.timeout(READER_PATIENCE_SECONDS):
                await self._send({"type": "http.response.body", "body": chunk, "more_body": True})
        except TimeoutError:
            raise ClientGone from None

    async def end(self, chunk: bytes = b"") -> None:
        """Sends the last piece; a client that is still sending is first heard out, so that it can read the answer."""
        if not self.body.finished:
            await self._send({"type": "http.response.body", "body": chunk, "more_body": True})
            await self.body.drain()
            chunk = b""
        await self._send({"type": "http.response.body", "body": chunk, "more_body": False})

    async def answer(
        self, status: int, content: bytes = b"", content_type: bytes = JSON, headers: Headers | None = None
    ) -> None:
        """A whole answer at once."""
        own: Headers = [(b"content-length", b"%d" % len(content))] if status not in (204, 304) else []
        if content:
            own.append((b"content-type", content_type))
        await self.start(status, own + (headers or []))
        await self.end(content)

    async def answer_json(self, content: Mapping[str, Any], status: int = 200, headers: Headers | None = None) -> None:
        """A JSON object."""
        await self.answer(status, orjson.dumps(content), headers=headers)

    async def fail(self, failure: Failure) -> None:
        """A failure in the contract's shape (G3); nothing, when the answer has begun already."""
        if not self.status:
            headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in failure.headers.items()]
            await self.answer(failure.status, failure.encoded(), headers=headers)


def _merged(headers: list[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    merged: dict[bytes, bytes] = {}
    for name, value in headers:
        merged[name] = merged[name] + b", " + value if name in merged else value
    return merged
