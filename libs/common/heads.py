"""What the head of a request may be, before anybody looks at what it asks for (hardening 2C 69-75). Pure."""

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

import orjson

MAX_TARGET: Final = 8 * 1024
"""Bytes of a request's address, its query included."""
MAX_HEADERS: Final = 100
MAX_HEADER_BYTES: Final = 32 * 1024
"""Bytes of all names and values together."""
VERSIONS: Final = ("1.0", "1.1")

SECURITY: Final[tuple[tuple[bytes, bytes], ...]] = (
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
"""What every answer carries (contract G8)."""

_HOST: Final = re.compile(rb"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")

Headers = Sequence[tuple[bytes, bytes]]


class NotHttp(Exception):
    """The request is not HTTP as this house speaks it; `status` is 400, 414, 431 or 503."""

    def __init__(self, sentence: str, status: int = 400) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.status = status

    def encoded(self) -> bytes:
        """The whole answer, in the shape of contract G3; the connection ends with it."""
        body = orjson.dumps({"detail": self.sentence})
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
            *([(b"retry-after", b"1")] if self.status == HTTPStatus.SERVICE_UNAVAILABLE else []),
            *SECURITY,
        ]
        lines = [b"HTTP/1.1 %d %s" % (self.status, HTTPStatus(self.status).phrase.encode())]
        lines += [name + b": " + value for name, value in headers]
        return b"\r\n".join([*lines, b"", body])


MALFORMED: Final = "The request is not valid HTTP."


class TargetTooLong(NotHttp):
    def __init__(self) -> None:
        super().__init__("The address is too long.", HTTPStatus.REQUEST_URI_TOO_LONG)


class HeadTooLarge(NotHttp):
    def __init__(self) -> None:
        super().__init__("The request's headers are too large.", HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)


class NoPlace(NotHttp):
    """As many connections are open as this process can bear."""

    def __init__(self) -> None:
        super().__init__("Service temporarily unavailable.", HTTPStatus.SERVICE_UNAVAILABLE)


def check_head(version: str, target: bytes, headers: Headers) -> None:
    """Whether everybody on the way would read this head alike: what two could read differently is turned away.

    Raises:
        NotHttp
    """
    if version not in VERSIONS:
        raise NotHttp("Unsupported HTTP version.")
    hosts, codings = [], []
    for name, value in headers:
        if name == b"host":
            hosts.append(value)
        elif name == b"transfer-encoding":
            codings.append(value.lower())
    if codings and (codings != [b"chunked"] or version == "1.0"):
        # `gzip, chunked` and the like: what nobody here undoes, and others on the way might.
        raise NotHttp("Unsupported Transfer-Encoding.")
    if (not hosts and version != "1.0") or len(hosts) > 1 or not all(_HOST.fullmatch(host) for host in hosts):
        raise NotHttp("Invalid Host header.")
    if not target.startswith(b"/") and target != b"*" and _authority(target) not in [host.lower() for host in hosts]:
        raise NotHttp("The address names another host than the Host header.")


def _authority(target: bytes) -> bytes:
    """The host of an address that is written out in full (`http://host/path`), which few clients do."""
    return target.partition(b"://")[2].partition(b"/")[0].partition(b"?")[0].lower()


def is_old(first_bytes: bytes) -> bool:
    """Whether these are a whole first line without a version, as HTTP/0.9 had it: nothing more will come."""
    line, end, _ = first_bytes.lstrip(b"\r\n").partition(b"\n")
    return bool(end) and b" HTTP/" not in line
