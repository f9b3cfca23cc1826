"""A request's body on its way in: read once, never held whole, within a size and a time (contract G2, design §5)."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from contextlib import aclosing
from typing import Any, Final

from libs.common.errors import Failure, TooLarge

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

SLOWEST_BYTES_PER_SECOND: Final = 16 * 1024
"""A body slower than this is not waited for; the slowest upload of full size that fits into G9 is much faster."""
SMALL: Final = 64 * 1024
"""Bodies up to this size are taken in whole before the service is asked: that is quicker, and bounded."""
DRAIN_SECONDS: Final = 5.0


class TooSlow(Failure):
    """The body did not come in time."""

    status = 408

    def __init__(self) -> None:
        super().__init__({"detail": "The request body did not arrive in time."})


class ClientGone(Exception):
    """The client closed its connection: there is nobody to answer."""


class Body:
    """The body of one request, and whether all of it has been read."""

    def __init__(self, receive: Receive, headers: Mapping[bytes, bytes], *, limit: int, patience: float) -> None:
        self.receive = receive
        self._limit = limit
        self._patience = patience
        length = headers.get(b"content-length", b"")
        self.declared = int(length) if length.isdigit() else None
        """Size in bytes as announced; None for a chunked body."""
        self.finished = not self.declared and b"transfer-encoding" not in headers
        """True as soon as nothing is left to read."""
        self.failure: Exception | None = None
        """What ended the reading; the pass-through sees only a broken upload and looks here for the reason."""

    @property
    def is_small(self) -> bool:
        return self.declared is not None and self.declared <= SMALL

    def refuse_if_too_large(self) -> None:
        """Raises:
        TooLarge: the announced size is over the limit; nothing has been read yet.
        """
        if self.declared is not None and self.declared > self._limit:
            raise TooLarge

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes as they come.

        Raises:
            TooLarge: 413, also for chunked bodies.
            TooSlow: 408.
            ClientGone: the client has left.
        """
        try:
            async for chunk in self._read(self._limit, self._patience, TooLarge):
                yield chunk
        except (Failure, ClientGone) as failure:
            self.failure = failure
            raise

    async def whole(self) -> bytes:
        """All bytes of a small body; errors as `chunks`."""
        return b"".join([chunk async for chunk in self.chunks()])

    async def drain(self) -> None:
        """Reads and drops what is left, up to a point, so that a client that is still sending can read its answer."""
        try:
            async with (
                asyncio.timeout(DRAIN_SECONDS),
                aclosing(self._read(2 * self._limit, DRAIN_SECONDS, ClientGone)) as rest,
            ):
                async for _ in rest:
                    pass
        except (TimeoutError, TooSlow, ClientGone):
            return

    async def _read(self, limit: int, patience: float, over: type[Exception]) -> AsyncGenerator[bytes]:
        received, began = 0, time.monotonic()
        while not self.finished:
            left = began + patience + received / SLOWEST_BYTES_PER_SECOND - time.monotonic()
            try:
                async with asyncio.timeout(left):
                    message = await self.receive()
            except TimeoutError:
                raise TooSlow from None
            if message["type"] == "http.disconnect":
                self.finished = True
                raise ClientGone
            chunk = message.get("body", b"")
            self.finished = not message.get("more_body", False)
            received += len(chunk)
            if received > limit:
                raise over
            if chunk:
                yield chunk
