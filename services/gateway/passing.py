"""Which headers pass through the gateway, in either direction. Pure."""

from collections.abc import Mapping
from typing import Final

from multidict import CIMultiDict

from services.gateway.answers import NO_CACHE, NO_STORE

# What a service gets to see of a request's headers; identities, forwardings, overrides and trace ids that somebody
# made up outside are not among it (contract G4, hardening 90).
_TO_SERVICE: Final = {
    b"accept": "Accept",
    b"accept-language": "Accept-Language",
    b"authorization": "Authorization",
    b"content-encoding": "Content-Encoding",
    b"content-length": "Content-Length",
    b"content-type": "Content-Type",
    b"if-match": "If-Match",
    b"if-modified-since": "If-Modified-Since",
    b"if-none-match": "If-None-Match",
    b"idempotency-key": "Idempotency-Key",
    b"range": "Range",
    b"user-agent": "User-Agent",
    b"x-client-build": "X-Client-Build",
    b"x-client-version": "X-Client-Version",
}

# What never leaves to a client: what ends at one connection, what services tell only the gateway, and what the gateway
# says itself.
_NOT_TO_CLIENT: Final = frozenset(
    {
        *(b"connection", b"keep-alive", b"proxy-authenticate", b"te", b"trailer", b"transfer-encoding", b"upgrade"),
        *(b"x-route", b"x-consistency-token", b"x-leaving", b"x-request-id", b"server", b"date"),
        *(b"x-frame-options", b"x-content-type-options", b"referrer-policy", b"cross-origin-opener-policy"),
        *(b"strict-transport-security", b"access-control-allow-origin", b"access-control-allow-credentials"),
    }
)


def to_service(headers: Mapping[bytes, bytes]) -> CIMultiDict[str]:
    """The headers a service gets, before the gateway's own."""
    return CIMultiDict([(name, headers[key].decode("latin-1")) for key, name in _TO_SERVICE.items() if key in headers])


def to_client(raw_headers: tuple[tuple[bytes, bytes], ...]) -> dict[bytes, bytes]:
    """A service's answer headers as the client may see them, by lower-case name; repeated ones joined."""
    headers: dict[bytes, bytes] = {}
    for name, value in raw_headers:
        key = name.lower()
        if key not in _NOT_TO_CLIENT:
            headers[key] = headers[key] + b", " + value if key in headers else value
    return headers


def keep_private(headers: dict[bytes, bytes]) -> None:
    """An answer made for a signed-in user is not stored by shared caches (contract G8)."""
    headers.setdefault(b"cache-control", NO_CACHE if b"etag" in headers else NO_STORE)
