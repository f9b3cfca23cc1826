"""Requests beyond what a process can bear are refused at once, before anything is done for them (hardening 0.7).

A refusal here costs about a tenth of one by the application: no task, no token, no route, no log line of its own.
"""

import time
from collections.abc import Sequence
from typing import Any, Final, Protocol

from libs.common import telemetry
from libs.common.errors import Unavailable
from libs.common.heads import SECURITY
from libs.common.logs import log
from libs.common.sockets import GuardedProtocol

MOST_AT_ONCE: Final = 128
"""Requests of one service process at the same time; two gateways send at most as many."""
PROBES: Final = frozenset({b"/health/", b"/ready/", b"/metrics/", b"/health", b"/ready", b"/metrics"})
SMALL_BODY: Final = 64 * 1024
TELL_EVERY_SECONDS: Final = 1.0

Headers = Sequence[tuple[bytes, bytes]]


class Doorman(Protocol):
    """Who decides for an application that has an attribute `doorman`; others have `AtMost`."""

    def answer_instead(self, scope: Any) -> bytes | None:
        """The whole answer with which a request is refused; None to let it in."""
        ...


class AtMost:
    """Lets in so many at the same time; probes always."""

    def __init__(self, tasks: set[Any], most: int) -> None:
        self._tasks = tasks
        self._most = most

    def answer_instead(self, scope: Any) -> bytes | None:
        if len(self._tasks) < self._most or scope["raw_path"] in PROBES:
            return None
        return refusal(1)


class SheddingProtocol(GuardedProtocol):
    """The server's HTTP protocol with a doorman."""

    most_at_once = MOST_AT_ONCE

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._doorman: Doorman = getattr(self.app, "doorman", None) or AtMost(self.tasks, self.most_at_once)

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        answer = None if self.pipeline or _has_large_body(cycle.scope["headers"]) else self._decide(cycle)
        if answer is None:
            super()._start_asgi_task(cycle, app)
            return
        _tally.add()
        if not cycle.keep_alive:
            answer = answer.replace(b"\r\n", b"\r\nconnection: close\r\n", 1)
        if cycle.scope["method"] == "HEAD":
            answer = answer[: answer.index(b"\r\n\r\n") + 4]
        self.transport.write(answer)
        cycle.response_started = cycle.response_complete = True
        if cycle.keep_alive:
            self.on_response_complete()
            self._wait_for_head()  # What is left of a body, and the next request, are not waited for any longer.
        elif _has_body(cycle.scope["headers"]):
            self._hear_out()  # Closed on bytes that nobody has read, the connection would be reset, answer and all.
        else:
            self.transport.close()

    def _decide(self, cycle: Any) -> bytes | None:
        return self._doorman.answer_instead(cycle.scope)


def refusal(seconds: int, *more: tuple[bytes, bytes]) -> bytes:
    """The answer to who comes too many: 503 in the contract's shape, with the time to come back (contract G3)."""
    body = Unavailable().encoded()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"retry-after", b"%d" % seconds),
        *SECURITY,
        *more,
    ]
    return b"".join(
        (b"HTTP/1.1 503 Service Unavailable\r\n", *(b"%s: %s\r\n" % header for header in headers), b"\r\n", body)
    )


def _has_body(headers: Headers) -> bool:
    return any(name == b"content-length" and value != b"0" for name, value in headers)


def _has_large_body(headers: Headers) -> bool:
    """Whether the rest of the request is long in coming; who refuses those must hear them out first."""
    for name, value in headers:
        if name == b"content-length":
            return not value.isdigit() or len(value) > 8 or int(value) > SMALL_BODY
        if name in (b"transfer-encoding", b"expect"):
            return True
    return False


class _Tally:
    """One log line a second says how many were refused, however many they were."""

    def __init__(self) -> None:
        self._count = 0
        self._told_at = 0.0

    def add(self) -> None:
        telemetry.shed.inc()
        self._count += 1
        now = time.monotonic()
        if now - self._told_at > TELL_EVERY_SECONDS:
            log.warning("requests.refused", count=self._count)
            self._count, self._told_at = 0, now


_tally: Final = _Tally()
