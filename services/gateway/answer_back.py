"""A service's answer on its way back to the client: presentable, compressed where asked for, and as a stream."""

import asyncio

import aiohttp

from libs.common.errors import Failure, Unavailable
from libs.common.logs import log
from services.gateway import passing
from services.gateway.answers import JSON, is_same_version
from services.gateway.body import SMALL
from services.gateway.compression import Gzip, gzip_for
from services.gateway.exchange import Exchange
from services.gateway.failures import BadAnswer, NoAnswerInTime
from services.gateway.routes import READS


async def answer_back(
    exchange: Exchange, response: aiohttp.ClientResponse, *, until: float, piece_seconds: float
) -> bytes:
    """Sends all of the answer but its last piece, which is returned: the service is done with by then.

    A small answer is there by `until` (the loop's time); of a large one each piece within `piece_seconds`.

    Raises:
        NoAnswerInTime: 504, or the end of an answer that had begun.
        Unavailable: 503, the service ended in the middle of a small answer.
        BadAnswer: the end of a large one that had begun.
    """
    headers = passing.to_client(response.raw_headers)
    status = _status(exchange, response, headers)
    if exchange.claims is not None:
        passing.keep_private(headers)
    if status in (204, 304):
        for name in (b"content-length", b"content-type"):
            headers.pop(name, None)
        if response.status != status:
            response.close()
        await exchange.start(status, list(headers.items()))
        return b""
    if status >= 400 and not headers.get(b"content-type", b"").startswith(JSON):
        return await _json_instead(exchange, response, headers)
    gzip = gzip_for(exchange.header(b"accept-encoding"), headers, has_body=exchange.method != "HEAD")
    if response.content_length is not None and response.content_length <= SMALL:
        content = await _whole(response, until)
        if gzip is not None:
            content = gzip.whole(content)
            headers[b"content-length"] = b"%d" % len(content)
        await exchange.start(status, list(headers.items()))
        return content
    await exchange.start(status, list(headers.items()))
    return await _stream(exchange, response, gzip, piece_seconds)


def _status(exchange: Exchange, response: aiohttp.ClientResponse, headers: dict[bytes, bytes]) -> int:
    """The status to answer with, where the gateway knows better than the service."""
    if exchange.method == "OPTIONS" and response.status == 405:
        return 204  # The `Allow` that comes with it is the answer (contract G1).
    wanted, etag = exchange.header(b"if-none-match"), headers.get(b"etag")
    if wanted and etag and response.status == 200 and exchange.method in READS and is_same_version(wanted, etag):
        return 304
    return response.status


async def _json_instead(exchange: Exchange, response: aiohttp.ClientResponse, headers: dict[bytes, bytes]) -> bytes:
    """Every error is a JSON object (contract G3), whatever broke in the service."""
    response.close()
    sentence = "Internal server error." if response.status >= 500 else f"{response.reason or 'Error'}."
    content = Failure({"detail": sentence}).encoded()
    headers.update({b"content-type": JSON, b"content-length": b"%d" % len(content)})
    headers.pop(b"content-encoding", None)
    await exchange.start(response.status, list(headers.items()))
    return content


async def _whole(response: aiohttp.ClientResponse, until: float) -> bytes:
    try:
        async with asyncio.timeout_at(until):
            return await response.read()
    except TimeoutError:
        raise NoAnswerInTime from None
    except (aiohttp.ClientError, OSError) as error:
        # Nothing of it has left yet: the service ended in the middle of its answer, and is soon back (H1).
        log.warning("forward.broken_off", reason=type(error).__name__)
        raise Unavailable from None


async def _stream(exchange: Exchange, response: aiohttp.ClientResponse, gzip: Gzip | None, seconds: float) -> bytes:
    while chunk := await _piece(response, seconds):
        if gzip is not None:
            chunk = gzip.add(chunk)
        if chunk:
            await exchange.write(chunk)
    return gzip.finish() if gzip else b""


async def _piece(response: aiohttp.ClientResponse, seconds: float) -> bytes:
    try:
        async with asyncio.timeout(seconds):
            return await response.content.readany()
    except TimeoutError:
        log.warning("forward.broken_off", reason="timeout")
        raise NoAnswerInTime from None
    except (aiohttp.ClientError, OSError) as error:
        log.warning("forward.broken_off", reason=type(error).__name__)
        raise BadAnswer from None
