"""Connections as strangers use them: slowly, endlessly, and with requests that two servers would read differently.

The server underneath has no time limit before a request's head is complete, none on its size, answers what it cannot
read in plain text, and takes the trailers of a body for headers. This has, and does not (hardening 2C 69-81).
"""

import asyncio
import resource
from collections.abc import Callable
from typing import Any, Final, cast

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from libs.common.heads import (
    MALFORMED,
    MAX_HEADER_BYTES,
    MAX_HEADERS,
    MAX_TARGET,
    HeadTooLarge,
    NoPlace,
    NotHttp,
    TargetTooLong,
    check_head,
    is_old,
)
from libs.common.logs import log

HEAD_SECONDS: Final = 8.0
HEAR_OUT_SECONDS: Final = 2.0
"""How long a client that still sends is heard out: closed at once, its unread bytes would take its answer along."""
MAX_OVERHEAD: Final = 64 * 1024
"""Bytes that the framing of a body may take beside eight times what it carries: chunk extensions, trailers."""


def max_connections() -> int:
    """How many connections one process takes: three quarters of its file descriptors, the rest is for its own work."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft * 3 // 4


class _Way:
    """The way back for one answer: where the server would close it on a client that is still sending, it waits."""

    __slots__ = ("_close", "is_closing", "write")

    def __init__(self, transport: asyncio.Transport, close: Callable[[], None]) -> None:
        self.write = transport.write
        self.is_closing = transport.is_closing
        self._close = close

    def close(self) -> None:
        self._close()


class GuardedProtocol(HttpToolsProtocol):
    """The server's HTTP protocol, for connections that nobody vouches for."""

    head_seconds = HEAD_SECONDS
    linger_seconds = 0.0
    """How long an idle connection stays when the process ends, should a request be on its way on it."""
    _timer: asyncio.TimerHandle | None = None
    _failure: NotHttp | None = None
    _is_over = False
    """True when nothing more is read on this connection."""
    _is_fresh = True
    _in_head = True
    _begun = False
    """Whether the message that is being read began with the bytes just received."""
    _wire = 0
    """Bytes received of a head, or of a body, besides those that it began with."""
    _carried = 0
    """Bytes that the body has carried so far."""
    _header_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        places = max_connections()
        if len(self.connections) > places * 7 // 6:
            transport.abort()
        elif len(self.connections) > places:
            self._refuse(NoPlace())
        else:
            self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        if self._is_over:
            return
        self._unset_keepalive_if_required()
        self._begun = False
        try:
            if self._is_fresh and is_old(data):
                raise NotHttp("Unsupported HTTP version.")
            self._is_fresh = False
            self.parser.feed_data(data)
            self._weigh(len(data))
        except NotHttp as failure:
            self._refuse(failure)
        except httptools.HttpParserError:
            self._refuse(self._failure or NotHttp(MALFORMED))
        except httptools.HttpParserUpgrade:
            # The offer is not taken up. What follows would be read as another protocol's, so the connection ends here.
            self._is_over = True
            self.cycle.keep_alive = False
            self.cycle.more_body = False
            self.cycle.message_event.set()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = self._begun = True
        self._header_bytes = self._wire = self._carried = 0
        self._wait_for_head()

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > MAX_TARGET:
            raise self._failed(TargetTooLong())

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:
            return  # A trailer: whatever it says, the request has been admitted without it.
        super().on_header(name, value)
        self._header_bytes += len(name) + len(value)
        if len(self.headers) > MAX_HEADERS or self._header_bytes > MAX_HEADER_BYTES:
            raise self._failed(HeadTooLarge())

    def on_headers_complete(self) -> None:
        try:
            check_head(self.parser.get_http_version(), self.url, self.headers)
        except NotHttp as failure:
            raise self._failed(failure) from None
        self._in_head, self._wire, self._begun = False, 0, True
        self._stop_waiting()
        super().on_headers_complete()
        self.cycle.transport = cast(asyncio.Transport, _Way(self.transport, self._end))

    def on_body(self, body: bytes) -> None:
        self._carried += len(body)
        super().on_body(body)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        if self.linger_seconds and (self.cycle is None or self.cycle.response_complete):
            self.loop.call_later(self.linger_seconds, super().shutdown)
        else:
            super().shutdown()

    def _failed(self, failure: NotHttp) -> NotHttp:
        """Keeps the reason, of which the parser tells only that there was one."""
        self._failure = failure
        return failure

    def _weigh(self, received: int) -> None:
        """Raises NotHttp when a head, or the framing of a body, has become too long to be honest."""
        if self._begun:
            return
        self._wire += received
        if self._in_head:
            if self._wire > MAX_TARGET + MAX_HEADER_BYTES:
                raise HeadTooLarge
        elif self._wire > MAX_OVERHEAD + 8 * self._carried:
            raise NotHttp("The request body's framing is too large.")

    def _refuse(self, failure: NotHttp) -> None:
        """Answers where that cannot be taken for another request's answer, and ends the connection."""
        self._is_over = True
        self._stop_waiting()
        log.info("connection.refused", status=failure.status, reason=failure.sentence)
        cycle: Any = self.cycle
        is_answering = cycle is not None and not cycle.response_complete
        if self.pipeline or (is_answering and cycle.more_body and cycle.response_started):
            self.transport.close()
        elif is_answering and not cycle.more_body:
            cycle.keep_alive = False  # The request before this one gets its answer; then the connection ends.
        else:
            self.transport.write(failure.encoded())
            if is_answering:
                cycle.disconnected = True
                cycle.message_event.set()
            self._hear_out()

    def _end(self) -> None:
        """The connection's last answer has been given."""
        if self.cycle.more_body and not self.transport.is_closing():
            self._hear_out()
        else:
            self.transport.close()

    def _hear_out(self) -> None:
        self._is_over = True
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._stop_waiting()
        self._timer = self.loop.call_later(HEAR_OUT_SECONDS, self.transport.close)

    def _wait_for_head(self) -> None:
        self._stop_waiting()
        self._timer = self.loop.call_later(self.head_seconds, self._give_up)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        cycle: Any = self.cycle
        if cycle is None or cycle.response_complete:
            self.transport.close()
        else:
            self._wait_for_head()  # The request before this one is still being answered.
