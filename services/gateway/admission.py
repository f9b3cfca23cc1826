"""What is turned away before anything else is done: hosts that are not ours, methods that nobody has (hardening 2C).

What a request's head may be at all, and how large, is looked at before: `libs.common.heads`.
"""

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from libs.common.errors import Failure, MethodNotAllowed
from services.gateway.exchange import Exchange

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
PROBES: Final = frozenset({"/health/", "/ready/", "/metrics/", "/metrics/own/"})
"""Asked by address, not by name, from inside the cluster; they say nothing that a Host could change."""


class UnknownHost(Failure):
    """A host that this house does not answer for."""

    def __init__(self) -> None:
        super().__init__({"detail": "Invalid Host header."})


def admit(exchange: Exchange, allowed_hosts: Sequence[str]) -> None:
    """Raises:
    UnknownHost: 400.
    MethodNotAllowed: a method that no route has.
    """
    if exchange.method not in METHODS:
        raise MethodNotAllowed(exchange.method[:20], ", ".join(sorted(METHODS)))
    host = exchange.header(b"host").decode("latin-1")
    if exchange.path not in PROBES and not is_allowed_host(host, allowed_hosts):
        raise UnknownHost


def own_hosts(public_base_url: str) -> tuple[str, ...]:
    """Which hosts are ours where nobody has said so: the public one, this machine, and bare addresses.

    An address cannot be made to point elsewhere, as a name can; so it does no harm, and phones nearby need it.
    """
    return (urlsplit(public_base_url).hostname or "", "localhost", ".localhost", ANY_ADDRESS)


ANY_ADDRESS: Final = "<address>"


def is_allowed_host(host: str, allowed: Sequence[str]) -> bool:
    """Whether a Host header (with or without port) is one of `allowed`; `.a.org` covers `a.org` and all below it.

    Without a Host, as HTTP/1.0 allows, nothing can have been made up.
    """
    if not host:
        return True
    name = host.lower().rpartition(":")[0] if not host.endswith("]") and ":" in host else host.lower()
    name = name.removesuffix(".")
    return any(
        pattern == "*"
        or (pattern == ANY_ADDRESS and _is_address(name))
        or name == pattern.lower().removeprefix(".")
        or (pattern.startswith(".") and name.endswith(pattern.lower()))
        for pattern in allowed
    )


def _is_address(name: str) -> bool:
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
