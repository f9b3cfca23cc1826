"""What every answer carries, what is turned away at the door, and what may be stored where (contract G1, G8, 2C)."""

import asyncio
import gzip
from uuid import uuid4

import httpx
import pytest

from libs.common.testing import SignIn
from services.gateway.answers import accepts, is_same_version
from services.gateway.tests.conftest import OpenGateway
from services.gateway.tests.upstream import ENTRIES, PNG, Upstream

ENTRIES_PATH = "/api/v1/dex/entries/my_entries/"


async def raw(gateway: httpx.AsyncClient, request: bytes) -> bytes:
    """The first line of the answer to a request that no HTTP library would send."""
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.base_url.port)
    writer.write(request)
    line = await asyncio.wait_for(reader.readline(), 5)
    writer.close()
    return line


async def test_every_answer_carries_the_security_headers(gateway: httpx.AsyncClient, upstream: Upstream) -> None:
    for path in ("/", "/health/", "/api/v1/users/me/", "/api/v1/nothing/", "/media/none.png", "/static/swagger-ui.css"):
        headers = (await gateway.get(path)).headers
        assert headers["x-frame-options"] == "DENY", path
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert len(headers["x-request-id"]) == 32
        assert "server" not in headers
        assert "strict-transport-security" not in headers


async def test_what_services_tell_only_the_gateway_does_not_leave(
    gateway: httpx.AsyncClient, upstream: Upstream
) -> None:
    answer = await gateway.get("/api/v1/users/me/")
    assert "x-route" not in answer.headers


async def test_json_is_gzipped_only_for_those_who_ask(gateway: httpx.AsyncClient, upstream: Upstream) -> None:
    for accepted, zipped in (("gzip, deflate", True), ("gzip;q=0, *;q=1", False), ("identity", False), ("", False)):
        async with gateway.stream("GET", ENTRIES_PATH, headers={"Accept-Encoding": accepted}) as answer:
            body = b"".join([chunk async for chunk in answer.aiter_raw()])
        assert "Accept-Encoding" in answer.headers["vary"], accepted
        assert answer.headers.get("content-encoding") == ("gzip" if zipped else None), accepted
        assert int(answer.headers["content-length"]) == len(body)
        assert (gzip.decompress(body) if zipped else body) == ENTRIES


async def test_pictures_are_never_gzipped(gateway: httpx.AsyncClient, upstream: Upstream) -> None:
    answer = await gateway.get("/api/v1/images/convert/x/download/", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in answer.headers
    assert answer.content == PNG


async def test_an_answer_with_an_etag_is_304_when_the_client_has_it(
    gateway: httpx.AsyncClient, upstream: Upstream, sign_in: SignIn
) -> None:
    headers = sign_in()
    first = await gateway.get(ENTRIES_PATH, headers=headers)
    assert first.headers["cache-control"] == "private, no-cache"
    assert first.headers["etag"] == 'W/"v7"', "gzipped: the same content in other bytes"
    again = await gateway.get(ENTRIES_PATH, headers={**headers, "If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"]
    other = await gateway.get(ENTRIES_PATH, headers={**headers, "If-None-Match": '"v6"'})
    assert other.status_code == 200


async def test_answers_for_a_user_are_not_stored(
    gateway: httpx.AsyncClient, upstream: Upstream, sign_in: SignIn
) -> None:
    answer = await gateway.get("/api/v1/users/me/", headers=sign_in())
    assert answer.headers["cache-control"] == "private, no-store"


async def test_listed_origins_may_read_and_others_get_no_word_of_it(
    gateway: httpx.AsyncClient, upstream: Upstream
) -> None:
    preflight = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "authorization"}
    listed = {"Origin": "http://localhost:3000"}
    answer = await gateway.options("/api/v1/dex/entries/", headers={**listed, **preflight})
    assert answer.status_code in (200, 204)
    assert answer.headers["access-control-allow-origin"] == "http://localhost:3000"
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert answer.headers["access-control-max-age"] == "86400"
    assert set(answer.headers["access-control-allow-methods"].split(", ")) == {
        *("DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT")
    }
    assert "x-client-build" in answer.headers["access-control-allow-headers"]
    for path in ("/api/v1/users/me/", "/api/v1/nothing/"):
        answer = await gateway.get(path, headers=listed)
        assert answer.headers["access-control-allow-origin"] == "http://localhost:3000"
        assert "Origin" in answer.headers["vary"]
    for origin in ("null", "https://evil.example", "http://localhost:3000.evil.example", "http://localhost:30000"):
        for answer in (
            await gateway.options("/api/v1/dex/entries/", headers={"Origin": origin, **preflight}),
            await gateway.get("/api/v1/users/me/", headers={"Origin": origin}),
        ):
            assert not [name for name in answer.headers if name.startswith("access-control-")], origin
    assert all(asked.method == "GET" for asked in upstream.asked), "preflights end at the gateway"


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/../internal/",
        "/api/v1/users/../../internal/x/",
        "/api/v1/users/%2e%2e/animals/",
        "/api/v1/users/me/%2f../",
        "//api/v1/users/",
        "/api/v1//users/",
        "/api/v1/users;a=b/",
        "/api/v1/users/%00/",
        "/api\\v1\\users/",
        "/api/v1/users/.env/",
        "/api/v1/Users/me/",
    ],
)
async def test_path_tricks_lead_nowhere(gateway: httpx.AsyncClient, upstream: Upstream, path: str) -> None:
    line = await raw(gateway, f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    assert line.startswith((b"HTTP/1.1 404", b"HTTP/1.1 400")), line
    assert not upstream.asked


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET /health/ HTTP/1.1\r\n\r\n", 400),
        (b"GET /health/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET /health/ HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
        (b"GET /" + b"a" * 9000 + b"/ HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (b"GET /health/ HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 40_000 + b"\r\n\r\n", 431),
        (b"GET /health/ HTTP/1.1\r\nHost: a\r\n" + b"X: 1\r\n" * 101 + b"\r\n", 431),
        (b"TRACE /health/ HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        (b"get /health/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"POST /api/v1/users/ HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST /api/v1/users/ HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
        (b"GET /health/ HTTP/1.1\r\nHost: a\r\n\r\n", 200),
    ],
)
async def test_bad_http_is_turned_away(
    gateway: httpx.AsyncClient, upstream: Upstream, request_bytes: bytes, status: int
) -> None:
    line = await raw(gateway, request_bytes)
    assert line.startswith(b"HTTP/1.1 %d" % status), line
    assert not upstream.asked


async def test_only_allowed_hosts_are_served(open_gateway: OpenGateway, upstream: Upstream) -> None:
    async with open_gateway(allowed_hosts="biologidex.io, .example.org") as gateway:
        for host, status in (
            ("biologidex.io", 200),
            ("biologidex.io:443", 200),
            ("BiologiDex.IO", 200),
            ("a.example.org", 200),
            ("evil.io", 400),
            ("evilexample.org", 400),
            ("biologidex.io.evil.io", 400),
        ):
            answer = await gateway.get("/api/v1/users/me/", headers={"Host": host})
            assert answer.status_code == status, host
        assert (await gateway.get("/ready/", headers={"Host": "10.0.0.7"})).status_code == 200, "probes ask by address"


async def test_methods_that_own_paths_do_not_have_are_405(gateway: httpx.AsyncClient) -> None:
    for path in ("/health/", "/api/v1/health/", "/api/schema/", "/", f"/media/{uuid4()}.png", "/static/favicon.png"):
        answer = await gateway.post(path)
        assert answer.status_code == 405, path
        assert "GET" in answer.headers["allow"]
        assert answer.json() == {"detail": 'Method "POST" not allowed.'}
        assert (await gateway.options(path)).headers["allow"] == "GET, HEAD, OPTIONS"


def test_accept_encoding_is_read_strictly() -> None:
    assert accepts(b"gzip", "gzip")
    assert accepts(b"br;q=1.0, GZIP;q=0.5", "gzip")
    assert accepts(b"*", "gzip")
    assert not accepts(b"", "gzip")
    assert not accepts(b"gzip;q=0", "gzip")
    assert not accepts(b"gzip;q=0.000, *", "gzip")
    assert not accepts(b"gzip;q=x", "gzip")
    assert not accepts(b"gzipped", "gzip")


def test_entity_tags_are_compared_weakly() -> None:
    assert is_same_version(b'"a"', b'W/"a"')
    assert is_same_version(b'"b", W/"a"', b'"a"')
    assert is_same_version(b"*", b'"a"')
    assert not is_same_version(b"", b'"a"')
    assert not is_same_version(b'"ab"', b'"a"')
