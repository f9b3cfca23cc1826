"""How many may be at a service at once, and how that number finds itself (hardening 0.7)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from libs.common.errors import Unavailable
from services.gateway.places import LEAST, LONG_SECONDS, LOOK_SECONDS, Places, StandingQueue, Together
from services.gateway.tests.test_process import gateway_process
from services.gateway.tests.upstream import Upstream

MOST = 64


def lasts(queue: StandingQueue, seconds: float, each: float, began: float, *, full: bool = True) -> float:
    """So long a hundred answers a second of `each` seconds come; `full`: others are refused. Returns the time then."""
    for number in range(int(seconds * 100)):
        if full:
            queue.refused()
        queue.answered(each, began + number / 100)
    return began + seconds


def test_a_burst_that_drains_is_let_in_whole() -> None:
    """Fifty at once wait long, each for those before it, and a few more are refused; that is over in half a second."""
    queue = StandingQueue(MOST)
    for number in range(50):
        queue.refused()
        queue.answered(number * 0.01, 10 + number * 0.01)
    assert queue.limit == MOST


def test_a_queue_that_does_not_drain_makes_it_few_and_calm_makes_it_many_again() -> None:
    queue = StandingQueue(MOST)
    now = lasts(queue, 1.2, 0.6, 10.0)
    assert queue.limit < MOST
    now = lasts(queue, 2.0, 0.6, now)
    assert queue.limit == LEAST
    now = lasts(queue, 3.0, 0.01, now, full=False)
    assert queue.limit == MOST


def test_long_answers_alone_refuse_nobody() -> None:
    """A process that starts beside it, or a player whose writes wait for each other, is no overload."""
    queue = StandingQueue(MOST)
    now = lasts(queue, 10.0, 0.6, 10.0, full=False)
    assert queue.limit == MOST
    now = lasts(queue, 3.0, 0.6, now)
    assert queue.limit < MOST
    lasts(queue, 3.0, 0.6, now, full=False)
    assert queue.limit == MOST, "once nobody is refused any more, nobody is going to be"


def test_while_some_are_refused_it_grows_by_one() -> None:
    """Else the same queue would stand again within a moment."""
    queue = StandingQueue(MOST)
    now = lasts(queue, 3.0, 0.6, 10.0)
    for _ in range(8):
        now = lasts(queue, LOOK_SECONDS, LONG_SECONDS / 2, now)
    assert LEAST < queue.limit <= LEAST + 9


def test_what_was_long_ago_is_forgotten() -> None:
    queue = StandingQueue(MOST)
    lasts(queue, 3.0, 0.6, 10.0)
    queue.answered(0.6, 20.0)
    assert queue.limit == MOST


def test_one_service_cannot_take_all_places() -> None:
    together = Together(6)
    slow, other, third = (Places(name, "requests", 4, together) for name in ("graph", "dex", "users"))
    held = [slow.take() for _ in range(4)]
    with pytest.raises(Unavailable):
        slow.take()
    more = [other.take(), third.take()]
    with pytest.raises(Unavailable):
        other.take()
    more[0].leave()
    more[0].leave()
    other.take()
    assert third.are_taken, "a place that is left twice is free once"
    assert held


@asynccontextmanager
async def full_gateway(upstream: Upstream, url: str, folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A gateway process with one place at vision, which is taken."""
    async with gateway_process(url, folder, MAX_IN_FLIGHT="1") as (client, _):
        waiting = asyncio.create_task(client.get("/api/v1/vision/waiting/"))
        async with asyncio.timeout(10):
            while not upstream.asked:
                await asyncio.sleep(0.01)
        yield client
        upstream.may_finish.set()
        assert (await waiting).status_code == 200


async def test_a_refusal_at_the_door_is_complete(upstream: Upstream, upstream_url: str, tmp_path: Path) -> None:
    """Refused before a request exists, it has all that every answer has: shape, security, id, CORS, when to come."""
    origin = {"Origin": "http://localhost:3000"}
    async with full_gateway(upstream, upstream_url, tmp_path) as gateway:
        inside = await gateway.get("/api/v1/nothing/", headers=origin)
        ids = set()
        for method in ("GET", "POST", "DELETE", "HEAD"):
            body = {"json": {"some": "body"}} if method == "POST" else {}
            refused = await gateway.request(method, "/api/v1/vision/jobs/", headers=origin, **body)
            assert refused.status_code == 503
            assert 1 <= int(refused.headers["retry-after"]) <= 3
            assert refused.content == b"" if method == "HEAD" else isinstance(refused.json()["detail"], str)
            assert not set(inside.headers) - set(refused.headers) - {"date", "content-length"}
            ids.add(refused.headers["x-request-id"])
        assert len(ids) == 4
        stranger = await gateway.get("/api/v1/vision/jobs/", headers={"Origin": "http://evil.example"})
        assert "access-control-allow-origin" not in stranger.headers
        assert (await gateway.get("/health/")).status_code == 200
        assert len(upstream.asked) == 1, "none of them got any further"
        metrics = (await gateway.get("/metrics/")).text
        assert 'gateway_shed_total{upstream="vision"} 5.0' in metrics
        assert 'endpoint="/api/v1/vision/*",method="GET",status_code="503"} 2.0' in metrics


async def test_connections_outlive_a_refusal(upstream: Upstream, upstream_url: str, tmp_path: Path) -> None:
    """Body and all: what comes after a refused request is the next request, not the rest of this one."""
    one = b"POST /api/v1/vision/jobs/ HTTP/1.1\r\nHost: a\r\nContent-Length: 26\r\n\r\n"
    async with full_gateway(upstream, upstream_url, tmp_path) as gateway:
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.base_url.port)
        for _ in range(3):
            writer.write(one + b"GET /health/ HTTP/1.1\r\n\r\n\r\n")
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
            assert head.startswith(b"HTTP/1.1 503 ")
            await reader.readexactly(int(head.split(b"content-length: ")[1].split(b"\r\n")[0]))
        writer.write(b"GET /health/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert (await asyncio.wait_for(reader.read(), 5)).startswith(b"HTTP/1.1 200 ")
        writer.close()
