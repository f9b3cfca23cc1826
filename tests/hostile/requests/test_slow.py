"""2C 76-78, 81: those who come slowly, or not at all, and what others notice of it."""

import asyncio
import time
from collections.abc import AsyncIterator

import httpx
import pytest

from libs.common.sockets import HEAD_SECONDS
from tests.contract.own_processes import running
from tests.hostile.requests.raw import Raw, connect
from tests.mesh import Mesh

HALF_OPEN = 200
ASKED = 60
BODY_SECONDS = 2.0
SLACK = 6.0
"""For a machine that has other things to do."""


@pytest.fixture(scope="module")
async def gateway(mesh: Mesh) -> AsyncIterator[str]:
    """One that waits two seconds for a body instead of twenty."""
    async with running(mesh, "gateway", BODY_PATIENCE_SECONDS=str(BODY_SECONDS)) as url:
        yield url


async def trickle(url: str, head: bytes, rest: bytes, seconds: float) -> tuple[Raw, float]:
    """Sends `head` at once and `rest` byte by byte, until the connection is closed; the answer, and after how long."""
    began = time.monotonic()
    reader, writer = await connect(url)
    writer.write(head)

    async def send() -> None:
        for index in range(len(rest)):
            await asyncio.sleep(0.2)
            writer.write(rest[index : index + 1])

    sending = asyncio.create_task(send())
    try:
        data = await asyncio.wait_for(reader.read(), seconds)
    except ConnectionResetError:
        data = b""
    finally:
        sending.cancel()
        writer.close()
    return Raw(data), time.monotonic() - began


async def median_of(url: str) -> float:
    """Seconds that half of all questions take at most, on a kept connection."""
    taken = []
    async with httpx.AsyncClient(base_url=url) as client:
        for _ in range(ASKED):
            began = time.perf_counter()
            assert (await client.get("/api/v1/version/")).status_code == 200
            taken.append(time.perf_counter() - began)
    return sorted(taken)[len(taken) // 2]


async def test_slow_heads_and_silent_connections_are_cut(gateway: str) -> None:
    """2C 76, 77, 81: within ten seconds; two hundred of them at once, and others notice nothing."""
    before = await median_of(gateway)
    head, seconds = b"GET /health/ HTTP/1.1\r\nHost: localhost\r\n", HEAD_SECONDS + SLACK
    lines = [
        trickle(gateway, head, b"X-A: b\r\n" * 40, seconds),
        trickle(gateway, b"", head * 2, seconds),
        trickle(gateway, b"", b"", seconds),
        trickle(gateway, head + b"\r\n", b"GET /" + b"a" * 100, seconds),
    ]
    crowd = [trickle(gateway, b"GET /health/ HTTP/1.1\r\nX: ", b"a" * 100, seconds) for _ in range(HALF_OPEN)]
    asked = asyncio.gather(*lines, *crowd)
    during = await median_of(gateway)
    cut = await asked
    # The last of the four had one good request before: that was answered.
    assert [answer.count for answer, _ in cut[:4]] == [0, 0, 0, 1]
    assert all(after > 1 for _, after in cut)
    assert during < max(10 * before, 0.25), "two hundred half-open sockets slow nobody down"


SLOW_BODIES = (
    b"POST /api/v1/auth/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: 900\r\n\r\n",
    b"POST /api/v1/images/convert/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    b'Content-Length: 900000\r\n\r\n--b\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n',
)
"""Taken in whole, and streamed to the service."""


async def test_slow_bodies_are_cut(gateway: str) -> None:
    """2C 78: 408 in the contract's shape as soon as the patience is at an end, one byte at a time or not."""
    asked = [trickle(gateway, head, b"{" * 100, BODY_SECONDS + SLACK + 10) for head in SLOW_BODIES]
    for answer, after in await asyncio.gather(*asked):
        assert answer.status == 408, answer.data[:200]
        assert answer.json["detail"]
        assert after >= BODY_SECONDS * 0.9


def test_the_usual_patience_is_short_enough() -> None:
    """2C 76-78: ten, sixty and thirty seconds are the most; what the tests above shorten is within them."""
    from services.gateway.settings import GatewaySettings

    assert HEAD_SECONDS < 10
    assert GatewaySettings.model_fields["body_patience_seconds"].default < 30
