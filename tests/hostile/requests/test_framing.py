"""2C 69-75, 79, 80: requests whose beginning or end two servers would see in different places."""

import asyncio

import pytest

from libs.common.heads import MAX_HEADER_BYTES, MAX_HEADERS, MAX_TARGET, SECURITY
from tests.hostile.requests.raw import Raw, connect, exchange
from tests.mesh import Mesh

LOGIN = b"POST /api/v1/auth/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
HEALTH = b"GET /health/ HTTP/1.1\r\nHost: localhost\r\n"
SECOND = HEALTH + b"X-Smuggled: yes\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
EMPTY_CHUNKS = b"2\r\n{}\r\n0\r\n\r\n"

BAD_REQUESTS = {
    "69 both lengths": LOGIN + b"Content-Length: 5\r\n" + CHUNKED + b"\r\n0\r\n\r\n",
    "69 both, the other way round": LOGIN + CHUNKED + b"Content-Length: 5\r\n\r\n0\r\n\r\n",
    "70 two lengths": LOGIN + b"Content-Length: 2\r\nContent-Length: 30\r\n\r\n{}",
    "70 one length twice": LOGIN + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "70 a list of lengths": LOGIN + b"Content-Length: 2, 2\r\n\r\n{}",
    "71 signed": LOGIN + b"Content-Length: +12\r\n\r\n{}",
    "71 underscored": LOGIN + b"Content-Length: 1_2\r\n\r\n{}",
    "71 negative": LOGIN + b"Content-Length: -1\r\n\r\n{}",
    "71 hexadecimal": LOGIN + b"Content-Length: 0x2\r\n\r\n{}",
    "71 no length": LOGIN + b"Content-Length: \r\n\r\n{}",
    "71 thirty digits": LOGIN + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n{}",
    "71 xchunked": LOGIN + b"Transfer-Encoding: xchunked\r\n\r\n" + EMPTY_CHUNKS,
    "71 identity": LOGIN + b"Transfer-Encoding: identity\r\n\r\n" + EMPTY_CHUNKS,
    "71 gzip, chunked": LOGIN + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + EMPTY_CHUNKS,
    "71 chunked, identity": LOGIN + b"Transfer-Encoding: chunked, identity\r\n\r\n" + EMPTY_CHUNKS,
    "71 chunked twice": LOGIN + CHUNKED + CHUNKED + b"\r\n" + EMPTY_CHUNKS,
    "71 a tab before it": LOGIN + b"Transfer-Encoding: \x0bchunked\r\n\r\n" + EMPTY_CHUNKS,
    "71 chunked in HTTP/1.0": LOGIN.replace(b"1.1", b"1.0") + CHUNKED + b"\r\n" + EMPTY_CHUNKS,
    "71 chunk 0xc": LOGIN + CHUNKED + b"\r\n0xc\r\n{}\r\n0\r\n\r\n",
    "71 chunk -2": LOGIN + CHUNKED + b"\r\n-2\r\n{}\r\n0\r\n\r\n",
    "71 chunk without an end": LOGIN + CHUNKED + b"\r\n2\r\n{}X\r\n0\r\n\r\n",
    "71 chunk of 2^68": LOGIN + CHUNKED + b"\r\n" + b"f" * 17 + b"\r\n{}\r\n0\r\n\r\n",
    "72 chunk and a bare LF": LOGIN + CHUNKED + b"\r\n2\n{}\r\n0\r\n\r\n",
    "72 folded": HEALTH + b"X-A: 1\r\n 2\r\n\r\n",
    "72 folded length": LOGIN + b"Content-Length:\r\n 2\r\n\r\n{}",
    "72 bare LF": (HEALTH + b"\r\n").replace(b"\r\n", b"\n"),
    "72 bare CR": HEALTH + b"X-A: a\rb\r\n\r\n",
    "72 a space before the colon": LOGIN + b"Content-Length : 2\r\n\r\n{}",
    "72 a space before the name": b"GET /health/ HTTP/1.1\r\n Host: localhost\r\n\r\n",
    "72 NUL": HEALTH + b"X-A: a\x00b\r\n\r\n",
    "72 no name": HEALTH + b": a\r\n\r\n",
    "72 bad name": HEALTH + b"X(A: a\r\n\r\n",
    "73 no Host": b"GET /health/ HTTP/1.1\r\n\r\n",
    "73 two Hosts": HEALTH + b"Host: evil.example\r\n\r\n",
    "73 one Host twice": HEALTH + b"Host: localhost\r\n\r\n",
    "73 empty Host": b"GET /health/ HTTP/1.1\r\nHost: \r\n\r\n",
    "73 Host with a space": b"GET /health/ HTTP/1.1\r\nHost: local host\r\n\r\n",
    "73 Host with a user": b"GET /health/ HTTP/1.1\r\nHost: localhost@evil.example\r\n\r\n",
    "73 Host with a path": b"GET /health/ HTTP/1.1\r\nHost: localhost/a\r\n\r\n",
    "73 Host that is no text": b"GET /health/ HTTP/1.1\r\nHost: \xff\xfe\r\n\r\n",
    "73 another host in the address": b"GET http://evil.example/health/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "75 HTTP/0.9": b"GET /health/\r\n\r\n",
    "75 HTTP/0.9, one line": b"GET /health/\r\n",
    "75 HTTP/2.0": b"GET /health/ HTTP/2.0\r\nHost: localhost\r\n\r\n",
    "75 HTTP/3.7": b"GET /health/ HTTP/3.7\r\nHost: localhost\r\n\r\n",
    "79 h2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "80 CONNECT": b"CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\n\r\n",
    "80 get": b"get /health/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "80 TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100),
    "80 noise": bytes(range(256)) * 4,
}


def is_refusal(answer: Raw, status: int) -> None:
    """In the contract's shape, with its headers, once, and the connection is closed behind it."""
    assert (answer.status, answer.count) == (status, 1), answer.data[:300]
    assert list(answer.json) == ["detail"]
    assert b"connection: close" in answer.head
    assert b"content-type: application/json" in answer.head
    for name, value in SECURITY:
        assert name + b": " + value.lower() in answer.head


@pytest.mark.parametrize("kind", list(BAD_REQUESTS))
async def test_what_is_not_http(mesh: Mesh, kind: str) -> None:
    """2C 69-73, 75, 79, 80: 400, closed, and a second request behind it is nobody's."""
    is_refusal(await exchange(mesh, BAD_REQUESTS[kind] + SECOND), 400)


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
        (b"GET /" + b"a" * MAX_TARGET + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
        (b"GET /health/?" + b"a" * MAX_TARGET + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
        (HEALTH + b"X: " + b"a" * 1_000_000 + b"\r\n\r\n", 431),
        (HEALTH + b"X: " + b"a" * MAX_HEADER_BYTES + b"\r\n\r\n", 431),
        (HEALTH + b"X" * 1_000_000 + b": a\r\n\r\n", 431),
        (HEALTH + b"X: a\r\n" * 10_000 + b"\r\n", 431),
        (HEALTH + b"X: a\r\n" * MAX_HEADERS + b"\r\n", 431),
        (HEALTH + b"X-Forwarded-For: 1.2.3.4\r\n" * 1000 + b"\r\n", 431),
    ],
    ids=lambda value: str(len(value)) if isinstance(value, bytes) else str(value),
)
async def test_heads_have_a_measure(mesh: Mesh, request_bytes: bytes, status: int) -> None:
    """2C 74: 414 for the address, 431 for the rest; the answer arrives although the client is still sending."""
    is_refusal(await exchange(mesh, request_bytes), status)


@pytest.mark.parametrize("head", [b"GET /" + b"a" * 50_000_000, HEALTH + b"X: " + b"a" * 50_000_000])
async def test_a_head_without_an_end(mesh: Mesh, head: bytes) -> None:
    """2C 74: nobody holds fifty megabytes of it; the connection ends at a few dozen kilobytes."""
    reader, writer = await connect(mesh.url)
    writer.write(head[:200_000])
    answer = await asyncio.wait_for(reader.readline(), 10)
    assert answer.startswith((b"HTTP/1.1 414", b"HTTP/1.1 431"))
    writer.close()


@pytest.mark.parametrize(
    "framing",
    [
        (b"2;" + b"x" * 1000 + b"\r\n{}\r\n") + (b"1;" + b"x" * 4000 + b"\r\n \r\n") * 200 + b"0\r\n\r\n",
        b"2\r\n{}\r\n0\r\n" + b"X-T: y\r\n" * 100_000 + b"\r\n",
    ],
    ids=["chunk extensions", "trailers"],
)
async def test_framing_has_a_measure(mesh: Mesh, framing: bytes) -> None:
    """2C 71: what is neither head nor body is bounded, too."""
    answer = await exchange(mesh, LOGIN + CHUNKED + b"Connection: close\r\n\r\n" + framing)
    assert answer.status == 400
    assert list(answer.json) in (["detail"], ["username", "password", "detail"])


async def test_trailers_are_no_headers(mesh: Mesh) -> None:
    """90: an identity behind the body is none; the head was read without it."""
    for trailer in (
        b"Authorization: Bearer a.b.c",
        b"Host: evil.example",
        b"X-User-Id: 1",
        b"X-Forwarded-For: 1.2.3.4",
    ):
        request = LOGIN + CHUNKED + b"Connection: close\r\n\r\n2\r\n{}\r\n0\r\n" + trailer + b"\r\n\r\n"
        answer = await exchange(mesh, request)
        assert (answer.status, answer.json["username"]) == (400, ["This field is required."]), trailer


@pytest.mark.parametrize("upgrade", [b"h2c", b"websocket", b"TLS/1.3"])
async def test_offers_are_not_taken_up(mesh: Mesh, upgrade: bytes) -> None:
    """2C 79: answered as HTTP/1.1, and what follows on the connection is not read as anything."""
    offer = (
        b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: %s\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n" % upgrade
    )
    answer = await exchange(mesh, HEALTH + offer + b"\r\n" + b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + SECOND)
    assert (answer.status, answer.count, answer.json) == (200, 1, {"status": "alive"})
    assert b"upgrade" not in answer.head


@pytest.mark.parametrize(("method", "status"), [(b"TRACE", 405), (b"PROPFIND", 405), (b"PURGE", 405), (b"BREW", 400)])
async def test_methods_that_nobody_has(mesh: Mesh, method: bytes, status: int) -> None:
    """2C 80."""
    answer = await exchange(mesh, method + b" /health/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert answer.status == status


async def test_answers_keep_their_order(mesh: Mesh) -> None:
    """2C 69: garbage behind a request does not get its answer first, nor take the request's away."""
    answer = await exchange(mesh, LOGIN + b"Content-Length: 2\r\n\r\n{}" + b"\x00\x01garbage\r\n\r\n")
    assert answer.status == 400 and b'"username"' in answer.data.split(b"\r\n\r\n")[1]
    pipelined = await exchange(mesh, (HEALTH + b"\r\n") * 3 + HEALTH + b"Connection: close\r\n\r\n")
    assert (pipelined.count, pipelined.data.count(b'{"status":"alive"}')) == (4, 4)
