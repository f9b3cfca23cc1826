"""What every answer of the gateway carries, and small pure questions about HTTP headers."""

from functools import lru_cache
from typing import Final

Headers = list[tuple[bytes, bytes]]

JSON: Final = b"application/json"
NO_STORE: Final = b"private, no-store"
NO_CACHE: Final = b"private, no-cache"

HSTS: Final = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
"""One year, in production (contract G8)."""


@lru_cache(maxsize=512)
def accepts(header: bytes, wanted: str, *, wildcard: str = "*") -> bool:
    """Whether an Accept or Accept-Encoding header allows `wanted`, by itself or by `wildcard`.

    `q=0` forbids it, and no header at all does not ask for it.
    """
    allowed: dict[str, bool] = {}
    for part in header.decode("latin-1").lower().split(","):
        name, *parameters = (word.strip() for word in part.split(";"))
        weight = next((word[2:] for word in parameters if word.startswith("q=")), "1")
        try:
            allowed[name] = float(weight) > 0
        except ValueError:
            allowed[name] = False
    return allowed.get(wanted, bool(wildcard) and allowed.get(wildcard, False))


def is_same_version(if_none_match: bytes, etag: bytes) -> bool:
    """Whether a client's `If-None-Match` names this entity tag (weak comparison, as RFC 9110 asks for reads)."""
    wanted = etag.removeprefix(b"W/")
    return if_none_match.strip() == b"*" or any(
        candidate.strip().removeprefix(b"W/") == wanted for candidate in if_none_match.split(b",")
    )
