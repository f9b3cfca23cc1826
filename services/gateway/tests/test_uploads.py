"""Bodies on their way in: unchanged, within a size and a time, and never in the way of an answer."""

import asyncio
import hashlib
import os

import httpx

from services.gateway.tests.conftest import OpenGateway
from services.gateway.tests.upload import MULTIPART, godot_multipart
from services.gateway.tests.upstream import PNG, Upstream


async def test_nine_megabytes_of_photo_arrive_byte_for_byte(gateway: httpx.AsyncClient, upstream: Upstream) -> None:
    body = godot_multipart(os.urandom(9 * 1024 * 1024))
    answer = await gateway.post("/api/v1/images/convert/", content=body, headers=MULTIPART)
    assert answer.status_code == 200
    asked = upstream.asked[-1]
    assert (asked.size, asked.sha256) == (len(body), hashlib.sha256(body).hexdigest())
    assert asked.headers["content-length"] == str(len(body))
    assert asked.headers["content-type"] == MULTIPART["Content-Type"]


async def test_a_chunked_body_arrives_whole(gateway: httpx.AsyncClient, upstream: Upstream) -> None:
    pieces = [os.urandom(70_000) for _ in range(5)]

    async def stream():
        for piece in pieces:
            yield piece

    await gateway.post("/api/v1/images/convert/", content=stream(), headers=MULTIPART)
    assert upstream.asked[-1].sha256 == hashlib.sha256(b"".join(pieces)).hexdigest()


async def test_a_body_over_the_limit_is_413_and_never_reaches_the_service(
    gateway: httpx.AsyncClient, upstream: Upstream
) -> None:
    body = bytes(10 * 1024 * 1024 + 65 * 1024)
    answer = await gateway.post("/api/v1/images/convert/", content=body, headers=MULTIPART)
    assert answer.status_code == 413
    assert isinstance(answer.json()["detail"], str)
    assert not upstream.asked


async def test_a_chunked_body_is_cut_at_the_limit(open_gateway: OpenGateway, upstream: Upstream) -> None:
    async def stream():
        for _ in range(40):
            yield bytes(65536)

    async with open_gateway(max_upload_size_mb=1) as gateway:
        answer = await gateway.post("/api/v1/images/convert/", content=stream(), headers=MULTIPART)
    assert answer.status_code == 413
    assert isinstance(answer.json()["detail"], str)


async def test_a_body_that_trickles_is_408(open_gateway: OpenGateway, upstream: Upstream) -> None:
    async with open_gateway(body_patience_seconds=0.3) as gateway:
        for size in (100, 200_000):  # taken in whole, and streamed
            reader, writer = await asyncio.open_connection("127.0.0.1", gateway.base_url.port)
            writer.write(
                b"POST /api/v1/users/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n{" % size
            )
            answer = await asyncio.wait_for(reader.readuntil(b"}"), 10)
            assert answer.startswith(b"HTTP/1.1 408 "), answer
            writer.close()


async def test_an_upload_has_more_time_than_a_read(open_gateway: OpenGateway, upstream: Upstream) -> None:
    async with open_gateway(read_deadline_seconds=0.05, write_deadline_seconds=0.05) as gateway:
        upload = asyncio.create_task(
            gateway.post("/api/v1/images/convert/waiting/", content=godot_multipart(PNG), headers=MULTIPART)
        )
        assert (await gateway.get("/api/v1/images/convert/waiting/")).status_code == 504
        upstream.may_finish.set()
        assert (await upload).status_code == 200


async def test_the_refusal_of_an_upload_can_be_read_while_it_is_still_being_sent(
    open_gateway: OpenGateway, upstream: Upstream, dead_url: str
) -> None:
    async with open_gateway(vision_url=dead_url) as gateway:
        body = godot_multipart(bytes(9 * 1024 * 1024))
        answer = await gateway.post("/api/v1/images/convert/", content=body, headers=MULTIPART)
        assert answer.status_code == 503
        broken = await gateway.post(
            "/api/v1/images/convert/", content=body, headers={**MULTIPART, "Authorization": "Bearer broken"}
        )
        assert broken.status_code == 401
