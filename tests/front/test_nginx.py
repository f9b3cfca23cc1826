"""The front as strangers meet it (hardening 2C 69-81, 90): real nginx, real gateways, the configuration as it is.

Needs Debian's `nginx-light`; part of `make chaos`, and of `make test` where nginx is there.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from services.gateway.tests.conftest import *  # noqa: F403 - a gateway's surroundings: keys, upstream, blobs
from services.gateway.tests.test_process import gateway_process
from services.gateway.tests.upstream import Upstream
from tests.front import nginx

pytestmark = pytest.mark.skipif(nginx.find() is None, reason=nginx.HOW_TO_INSTALL)


@asynccontextmanager
async def front(folder: Path, upstream_url: str, **replaced: str) -> AsyncIterator[str]:
    """nginx before two gateways that trust it."""
    trusting = {"TRUSTED_PROXIES": "127.0.0.0/8", "THROTTLE_ANON_RATE": "off", "ALLOWED_HOSTS": "*"}
    async with (
        gateway_process(upstream_url, folder, **trusting) as (one, _),
        gateway_process(upstream_url, folder, **trusting) as (other, _),
    ):
        (folder / "front").mkdir()
        with nginx.front(folder / "front", [str(one.base_url), str(other.base_url)], **replaced) as url:
            yield url


async def said(url: str, *pieces: bytes, pause: float = 0.0, seconds: float = 15.0) -> bytes:
    """What the front says to these bytes until it closes the connection; a reset may come after what it said."""
    reader, writer = await asyncio.open_connection(urlsplit(url).hostname, urlsplit(url).port)
    heard = b""
    try:
        async with asyncio.timeout(seconds):
            with suppress(ConnectionError):
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(pause)
            with suppress(ConnectionError):
                while chunk := await reader.read(65536):
                    heard += chunk
    finally:
        writer.close()
    return heard


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


async def test_what_the_front_refuses_is_json(upstream: Upstream, upstream_url: str, tmp_path: Path) -> None:
    """2C 69-75: malformed, too long, too large; in the contract's shape, with security headers, without a version."""
    tail = b"Host: a\r\nConnection: close\r\n"
    cases = {
        "two lengths": (b"POST /x/ HTTP/1.1\r\n" + tail + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
        "length and chunks": (
            b"POST /x/ HTTP/1.1\r\n" + tail + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
        ),
        "odd coding": (b"POST /x/ HTTP/1.1\r\n" + tail + b"Transfer-Encoding: xchunked\r\n\r\n", 501),
        "odd length": (b"POST /x/ HTTP/1.1\r\n" + tail + b"Content-Length: +1\r\n\r\na", 400),
        "no host": (b"GET /health/ HTTP/1.1\r\nConnection: close\r\n\r\n", 400),
        "two hosts": (b"GET /health/ HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n", 400),
        "space before colon": (b"GET /health/ HTTP/1.1\r\nHost : a\r\n" + tail + b"\r\n", 400),
        "long header": (b"GET /health/ HTTP/1.1\r\nX-Long: " + b"a" * 1_000_000 + b"\r\n" + tail + b"\r\n", 431),
        "many headers": (b"GET /health/ HTTP/1.1\r\n" + b"X-Many: aaaaaaaa\r\n" * 10_000 + tail + b"\r\n", 431),
        "long address": (b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\n" + tail + b"\r\n", 414),
        "large body": (b"POST /x/ HTTP/1.1\r\n" + tail + b"Content-Length: 99000000\r\n\r\n", 413),
        "metrics": (b"GET /metrics/ HTTP/1.1\r\n" + tail + b"\r\n", 404),
        "internal": (b"GET /internal/ HTTP/1.1\r\n" + tail + b"\r\n", 404),
    }
    async with front(tmp_path, upstream_url) as url:
        for name, (sent, status) in cases.items():
            answer = await said(url, sent)
            assert status_of(answer) == status, (name, answer[:300])
            head, _, body = answer.lower().partition(b"\r\n\r\n")
            assert b"content-type: application/json" in head, name
            assert b'"detail":"' in body, name
            for header in (
                b"x-frame-options: deny",
                b"x-content-type-options: nosniff",
                b"referrer-policy: same-origin",
            ):
                assert head.count(header) == 1, (name, header)
            assert b"nginx/" not in head, name
        assert not upstream.asked, "nothing of it has got further"


async def test_slow_ones_are_cut(upstream: Upstream, upstream_url: str, tmp_path: Path) -> None:
    """2C 76-78: a head in drops, a connection on which nothing comes, a body that stops."""
    slowly = [b"GET /health/ HTTP/1.1\r\n", *(b"X-Drop: %d\r\n" % n for n in range(40))]
    async with front(tmp_path, upstream_url, client_header_timeout="1s", client_body_timeout="1s") as url:
        body = b"POST /api/v1/users/ HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf"
        answers = await asyncio.gather(said(url, *slowly, pause=0.2), said(url, b""), said(url, body))
        assert [status_of(answer) in (0, 408) for answer in answers] == [True] * 3, answers
    configured = (nginx.FRONT / "nginx.conf").read_text()
    assert "client_header_timeout 10s;" in configured
    assert "client_body_timeout 15s;" in configured


async def test_half_open_connections_hold_up_nobody(upstream: Upstream, upstream_url: str, tmp_path: Path) -> None:
    """2C 81: 200 connections with half a head each; somebody else is answered as before."""
    async with front(tmp_path, upstream_url) as url, httpx.AsyncClient(base_url=url) as client:
        place = urlsplit(url)
        idle = [await asyncio.open_connection(place.hostname, place.port) for _ in range(190)]
        for _, writer in idle:
            writer.write(b"GET /health/ HTTP/1.1\r\nHost: a\r\n")
        began = time.monotonic()
        for _ in range(50):
            assert (await client.get("/health/")).status_code == 200
        assert time.monotonic() - began < 10
        for _, writer in idle:
            writer.close()


async def test_who_asks_is_said_by_the_front_alone(upstream: Upstream, upstream_url: str, tmp_path: Path) -> None:
    """2C 90: forwarding headers of a stranger's own end here; those of the tunnel before it are believed."""
    made_up = {"X-Forwarded-For": "1.2.3.4", "Forwarded": "for=1.2.3.4", "X-Real-IP": "1.2.3.4", "X-User-Id": "7"}
    limited = {"EDGE_REQUEST_RATE": "3/minute", "TRUSTED_PROXIES": "127.0.0.0/8", "ALLOWED_HOSTS": "*"}
    (tmp_path / "front").mkdir()
    async with gateway_process(upstream_url, tmp_path, **limited) as (gateway, _):
        with nginx.front(tmp_path / "front", [str(gateway.base_url)]) as url:
            async with httpx.AsyncClient(base_url=url) as client:
                # Loopback is a trusted network (trusted.conf), as the tunnel's is: its word on the client counts.
                for n in range(3):
                    via = {"X-Forwarded-For": f"203.0.113.{n}, 198.51.100.7"}
                    assert (await client.get("/api/v1/users/me/", headers=via)).status_code == 200
                over = await client.get("/api/v1/users/me/", headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.7"})
                assert over.status_code == 429, "the last address that nobody trusted wrote is the one that counts"
                assert (await client.get("/api/v1/users/me/", headers=made_up)).status_code == 200
                assert not {name for name in upstream.asked[-1].headers if name in {each.lower() for each in made_up}}


async def test_uploads_and_odd_paths_pass_as_they_are(upstream: Upstream, upstream_url: str, tmp_path: Path) -> None:
    """10 MB pass, chunked or not; the gateway says what is too large; paths reach it as they came (2C 93)."""
    async with front(tmp_path, upstream_url) as url, httpx.AsyncClient(base_url=url, timeout=30) as client:
        photo = bytes(range(256)) * 4 * 1024 * 9

        async def chunks() -> AsyncIterator[bytes]:
            for at in range(0, len(photo), 65536):
                yield photo[at : at + 65536]

        for content in (photo, chunks()):
            answer = await client.post("/api/v1/vision/jobs/", content=content)
            assert (answer.status_code, upstream.asked[-1].size) == (200, len(photo))
        refused = await client.post("/api/v1/vision/jobs/", content=bytes(11_000_000))
        assert (refused.status_code, refused.json()) == (413, {"detail": "Request body too large."})
        for path in (
            b"/api/v1/../internal/",
            b"/api/v1//users/me/",
            b"/api/v1/users/%2e%2e/x/",
            b"/api/v1/users/me;a=b/",
        ):
            answer = await said(url, b"GET " + path + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            assert status_of(answer) == 404, path
        dots = await said(url, b"GET /..%2f..%2fetc/passwd HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert status_of(dots) in (400, 404)


async def test_a_gateway_that_is_gone_is_not_noticed(upstream: Upstream, upstream_url: str, tmp_path: Path) -> None:
    """Reads and writes go to the other one; with both gone it is 503 with the time to come back."""
    async with (
        gateway_process(upstream_url, tmp_path) as (one, dying),
        gateway_process(upstream_url, tmp_path) as (other, last),
    ):
        (tmp_path / "front").mkdir()
        with nginx.front(tmp_path / "front", [str(one.base_url), str(other.base_url)]) as url:
            async with httpx.AsyncClient(base_url=url) as client:
                for number in range(60):
                    if number == 20:
                        dying.kill()
                        await dying.wait()
                    method = ("GET", "POST")[number % 2]
                    assert (await client.request(method, "/api/v1/users/")).status_code == 200, (number, method)
                last.kill()
                await last.wait()
                gone = await client.get("/api/v1/users/me/")
                assert (gone.status_code, gone.headers["retry-after"]) == (503, "2")
                assert gone.json() == {"detail": "Service temporarily unavailable."}


async def test_a_write_is_never_made_twice(upstream: Upstream, tmp_path: Path) -> None:
    """A gateway takes a POST and dies: that is the client's to know, not the front's to repeat. A GET is."""
    taken: list[bytes] = []

    async def take_and_die(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken.append((await reader.readuntil(b"\r\n\r\n")).split(b" ", 1)[0])
        writer.close()

    servers = [await asyncio.start_server(take_and_die, "127.0.0.1", 0) for _ in range(2)]
    urls = [f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}" for server in servers]
    (tmp_path / "front").mkdir()
    with nginx.front(tmp_path / "front", urls) as url:
        async with httpx.AsyncClient(base_url=url) as client:
            assert (await client.post("/api/v1/users/", json={})).status_code == 503
            assert taken == [b"POST"]
            assert (await client.get("/api/v1/users/")).status_code == 503
            assert taken.count(b"GET") == 2
    for server in servers:
        server.close()
