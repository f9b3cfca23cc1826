"""HTTP answers of a bounded size: whoever answers in our model's name may send anything at all (hardening H16)."""

from collections.abc import AsyncIterator
from typing import Final

import httpx2  # The model's client brings it along and takes nothing else.

MAX_ANSWER_BYTES: Final = 1_048_576
"""A model's answer is a few kilobytes; the worker holds several at the same time."""


class AnswerTooLarge(httpx2.ReadError):
    """More than any model has to say."""


class BoundedTransport(httpx2.AsyncHTTPTransport):
    """Breaks off an answer that is larger than `MAX_ANSWER_BYTES`, counted before anything is unpacked."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        # Packed, a few bytes could become gigabytes.
        request.headers["Accept-Encoding"] = "identity"
        response = await super().handle_async_request(request)
        if response.headers.get("Content-Encoding", "identity") != "identity":
            await response.aclose()
            raise AnswerTooLarge("a packed answer was not asked for", request=request)
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _Bounded(response.stream)
        return response


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._stream:
            size += len(chunk)
            if size > MAX_ANSWER_BYTES:
                raise AnswerTooLarge(f"more than {MAX_ANSWER_BYTES} bytes")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()
