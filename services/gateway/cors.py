"""Which other origins a browser may let read our answers (contract G8)."""

from collections.abc import Sequence
from typing import Final

from services.gateway.answers import Headers
from services.gateway.exchange import Exchange

METHODS: Final = b"DELETE, GET, OPTIONS, PATCH, POST, PUT"
REQUEST_HEADERS: Final = (
    b"accept, authorization, content-type, user-agent, x-csrftoken, x-requested-with, x-client-version, x-client-build"
)
MAX_AGE: Final = b"86400"


class Origins:
    """The allow-list. An origin not listed gets no `Access-Control-*` header at all."""

    def __init__(self, allowed: Sequence[str]) -> None:
        self._allowed = frozenset(origin.rstrip("/").encode() for origin in allowed)

    def mark(self, exchange: Exchange) -> None:
        """Adds to the answer what lets a listed origin read it."""
        exchange.add_to_answer((b"vary", b"Origin"))
        exchange.add_to_answer(*self.permissions(exchange.header(b"origin")))

    def permissions(self, origin: bytes) -> Headers:
        """What lets a page from `origin` read an answer; nothing for one that is not listed."""
        if origin not in self._allowed:
            return []
        return [(b"access-control-allow-origin", origin), (b"access-control-allow-credentials", b"true")]

    def is_preflight(self, exchange: Exchange) -> bool:
        """Whether a browser asks what it may ask."""
        return (
            exchange.method == "OPTIONS"
            and b"origin" in exchange.headers
            and b"access-control-request-method" in exchange.headers
        )

    async def answer_preflight(self, exchange: Exchange) -> None:
        """204, with the permissions for listed origins only."""
        permissions = []
        if exchange.header(b"origin") in self._allowed:
            permissions = [
                (b"access-control-allow-methods", METHODS),
                (b"access-control-allow-headers", REQUEST_HEADERS),
                (b"access-control-max-age", MAX_AGE),
            ]
        await exchange.answer(204, headers=permissions)
