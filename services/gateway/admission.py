"""What is turned away before anything else is done: requests that no honest client sends (hardening 2C)."""

from collections.abc import Sequence
from typing import Final

from libs.common.errors import Failure, MethodNotAllowed
from services.gateway.exchange import Exchange

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
MAX_TARGET: Final = 8 * 1024
MAX_HEADERS: Final = 100
MAX_HEADER_BYTES: Final = 32 * 1024
PROBES: Final = frozenset({"/health/", "/ready/", "/metrics/"})
"""Asked by address, not by name, from inside the cluster; they say nothing that a Host could change."""


class BadRequest(Failure):
    """Not HTTP as this house speaks it."""

    def __init__(self, detail: str, status: int = 400) -> None:
        super().__init__({"detail": detail}, status=status)


def admit(exchange: Exchange, *, http_version: str, header_count: int, allowed_hosts: Sequence[str]) -> None:
    """Raises:
    BadRequest: 400, 414 or 431.
    MethodNotAllowed: a method that no route has.
    """
    if http_version not in ("1.0", "1.1", "2"):
        raise BadRequest("Unsupported HTTP version.")
    if exchange.method not in METHODS:
        raise MethodNotAllowed(exchange.method[:20], ", ".join(sorted(METHODS)))
    if len(exchange.sent_path) + len(exchange.query) > MAX_TARGET:
        raise BadRequest("The address is too long.", 414)
    if (
        header_count > MAX_HEADERS
        or sum(len(name) + len(value) for name, value in exchange.headers.items()) > MAX_HEADER_BYTES
    ):
        raise BadRequest("The request's headers are too large.", 431)
    host = exchange.header(b"host").decode("latin-1")
    if (not host and http_version != "1.0") or "," in host or "/" in host or "@" in host:
        raise BadRequest("Invalid Host header.")
    if allowed_hosts and exchange.path not in PROBES and not is_allowed_host(host, allowed_hosts):
        raise BadRequest("Invalid Host header.")


def is_allowed_host(host: str, allowed: Sequence[str]) -> bool:
    """Whether a Host header (with or without port) is one of `allowed`; `.a.org` covers `a.org` and all below it."""
    name = host.lower().rpartition(":")[0] if not host.endswith("]") and ":" in host else host.lower()
    name = name.removesuffix(".")
    return any(
        pattern == "*"
        or name == pattern.lower().removeprefix(".")
        or (pattern.startswith(".") and name.endswith(pattern.lower()))
        for pattern in allowed
    )
