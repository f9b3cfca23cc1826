"""Refuses requests to a service that has all its places taken, before they become requests at all (hardening 0.7)."""

from typing import Any, Final
from uuid import uuid4

from libs.common.shedding import SMALL_BODY, refusal
from services.gateway import measures
from services.gateway.cors import Origins
from services.gateway.peers import Peers
from services.gateway.places import KEPT
from services.gateway.routes import ROUTES, Route

COME_AGAIN: Final = (1, 2, 3)
"""Seconds, by turns: those who keep to it do not all come back at once."""


class Doorman:
    """Looks at a path's first words only; whoever it does not know is let in, and looked at there."""

    def __init__(self, peers: Peers, origins: Origins) -> None:
        self._peers = peers
        self._origins = origins
        self._routes: dict[bytes, Route] = {route.prefix.rstrip("/").encode(): route for route in ROUTES}
        self._turn = 0
        cut = b"x-request-id: "
        self._answers = [refusal(seconds, (b"vary", b"Origin"), (b"x-request-id", b"")) for seconds in COME_AGAIN]
        self._halves = [(before + cut, after) for before, _, after in (each.partition(cut) for each in self._answers)]

    def answer_instead(self, scope: Any) -> bytes | None:
        """A refusal; None with a place kept in `scope`, or to have the question decided inside."""
        route = self._routes.get(b"/".join(scope["raw_path"].split(b"/", 4)[:4]))
        method: str = scope["method"]
        if route is None or method == "OPTIONS":
            return None
        places = self._peers.places_at(route.service)
        if places is None:
            return None
        has_body, origin = _look(scope["headers"])
        if has_body is None:
            return None
        if not places.are_taken:
            if not has_body:
                # Kept now: many more may come before this one has got to where it is asked for. Not for those with a
                # body, who could keep a place for as long as they like to take with it.
                scope[KEPT] = places.take()
            return None
        places.refuse()
        measures.count_refused(method, route.unknown)
        return self._refusal(origin)

    def _refusal(self, origin: bytes) -> bytes:
        self._turn = (self._turn + 1) % len(self._halves)
        before, after = self._halves[self._turn]
        if not origin:
            return b"".join((before, uuid4().hex.encode(), after))
        allowed = b"".join(b"%s: %s\r\n" % header for header in self._origins.permissions(origin))
        return b"".join((before, uuid4().hex.encode(), b"\r\n", allowed, after.removeprefix(b"\r\n")))


def _look(headers: list[tuple[bytes, bytes]]) -> tuple[bool | None, bytes]:
    """Whether there is a body (None: a file, whose places are others), and the Origin."""
    has_body, origin = False, b""
    for name, value in headers:
        if name == b"content-length":
            has_body = value != b"0"
            if len(value) > 8 or not value.isdigit() or int(value) > SMALL_BODY:
                return None, b""
        elif name == b"transfer-encoding" or (name == b"content-type" and value[:10].lower() == b"multipart/"):
            return None, b""
        elif name == b"origin":
            origin = value
    return has_body, origin
