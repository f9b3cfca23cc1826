"""`/media/…`: stored pictures, public by their unguessable names, straight from the blob store (contract O7, B4)."""

import re
from typing import Final

from libs.common.blobs import PUBLIC, Blobs
from libs.common.errors import NotFound
from services.gateway.answers import Headers, is_same_version
from services.gateway.exchange import Exchange

MAX_KEY: Final = 300
_KEY: Final = re.compile(r"media(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)+")
_TYPES: Final = {
    "png": b"image/png",
    "jpg": b"image/jpeg",
    "jpeg": b"image/jpeg",
    "webp": b"image/webp",
    "gif": b"image/gif",
}
# A key's bytes never change, so a week is a matter of disk space, not of freshness.
_ALWAYS: Final[Headers] = [
    (b"cache-control", b"public, max-age=604800"),
    (b"content-security-policy", b"default-src 'none'; sandbox"),
]


def key_of(path: str) -> str | None:
    """The blob key of a `/media/…` path as it was sent; None for anything that could lead elsewhere."""
    key = path.removeprefix("/")
    return key if len(key) <= MAX_KEY and key.startswith(PUBLIC) and _KEY.fullmatch(key) else None


class Media:
    """Streams pictures; knows no listing."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs

    async def answer(self, exchange: Exchange) -> None:
        """Raises:
        NotFound: no such picture, in the same words for every bad name.
        """
        exchange.route = "/media/{key}"
        key = key_of(exchange.sent_path)
        if key is None:
            raise NotFound
        try:
            found = await self._blobs.open(key)
        except (FileNotFoundError, OSError, ValueError):
            raise NotFound from None
        # The name stands for the bytes (contract B4), so it will do as a tag where the store has none of its own.
        etag = (found.etag or f'"{key.rpartition("/")[2]}"').encode()
        headers = [*_ALWAYS, (b"etag", etag)]
        if is_same_version(exchange.header(b"if-none-match"), etag):
            await exchange.answer(304, headers=headers)
            return
        content_type = _TYPES.get(key.rpartition(".")[2].lower(), b"application/octet-stream")
        headers += [(b"content-type", content_type), (b"content-length", b"%d" % found.size)]
        await exchange.start(200, headers)
        if exchange.method != "HEAD":
            async for chunk in found.chunks:
                await exchange.write(chunk)
        await exchange.end()
