"""gzip for JSON, only for clients that ask for it (contract G8, C6)."""

import zlib
from typing import Final

from services.gateway.answers import accepts

SMALLEST: Final = 1024
"""Below this many bytes it saves no packet."""
LEVEL: Final = 1
"""Two thirds of the gain for a quarter of the time: a player waits for it."""


def gzip_for(accept_encoding: bytes, headers: dict[bytes, bytes], *, has_body: bool) -> "Gzip | None":
    """The compressor for an answer with these headers, which are changed to fit; None when it stays as it is."""
    if not headers.get(b"content-type", b"").startswith(b"application/json"):
        return None
    headers[b"vary"] = headers[b"vary"] + b", Accept-Encoding" if b"vary" in headers else b"Accept-Encoding"
    length = headers.get(b"content-length")
    if not has_body or b"content-encoding" in headers or (length is not None and int(length) < SMALLEST):
        return None
    if not accepts(accept_encoding, "gzip"):
        return None
    headers.pop(b"content-length", None)
    headers[b"content-encoding"] = b"gzip"
    if headers.get(b"etag", b"W/").startswith(b'"'):
        # The same content in other bytes: only a weak tag may name both.
        headers[b"etag"] = b"W/" + headers[b"etag"]
    return Gzip()


class Gzip:
    """Compresses an answer piece by piece."""

    def __init__(self) -> None:
        self._stream = zlib.compressobj(LEVEL, zlib.DEFLATED, 31)

    def add(self, chunk: bytes) -> bytes:
        """The compressed bytes that are ready so far; may be empty."""
        return self._stream.compress(chunk)

    def finish(self) -> bytes:
        """The rest."""
        return self._stream.flush()

    def whole(self, content: bytes) -> bytes:
        """All at once."""
        return self.add(content) + self.finish()
