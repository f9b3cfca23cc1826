"""The pass-through: nothing changed on the way, deadlines, retries, and one service's faults kept to itself."""

import asyncio
import time
from uuid import uuid4

import httpx

from libs.common.testing import SignIn
from services.gateway.tests.conftest import OpenGateway
from services.gateway.tests.upload import MULTIPART, godot_multipart
from services.gateway.tests.upstream import PNG, Upstream, listener


async def test_path_query_and_method_arrive_as_they_were_sent(gateway: httpx.AsyncClient, upstream: Upstream) -> None:
    query = "last_sync=2026-11-20T07:34:57.756289+00:00&search=%00%25&genus=L%C3%BCnx"
    await gateway.patch(f"/api/v1/dex/entries/sync_entries/?{query}", json={"rotation": 90.0})
    asked = upstream.asked[-1]
    assert (asked.method, asked.path, asked.query) == ("PATCH", "/api/v1/dex/entries/sync_entries/", query)
    assert asked.headers["content-type"] == "application/json"


async def test_an_unslashed_path_is_answered_like_the_slashed_one(
    gateway: httpx.AsyncClient, upstream: Upstream
) -> None:
    answer = await gateway.get("/api/v1/users/me?x=1")
    assert answer.status_code == 200
    assert upstream.asked[-1].path == "/api/v1/users/me/"
    assert upstream.asked[-1].query == "x=1"


async def test_a_large_answer_is_streamed_and_complete(gateway: httpx.AsyncClient, upstream: Upstream) -> None:
    answer = await gateway.get("/api/v1/images/convert/endless/")
    assert len(answer.content) == 100 * 65536


async def test_head_has_the_headers_of_get_and_no_body(gateway: httpx.AsyncClient, upstream: Upstream) -> None:
    answer = await gateway.head("/api/v1/images/convert/x/download/")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(PNG))


async def test_a_dead_service_is_503_with_retry_after(
    open_gateway: OpenGateway, upstream: Upstream, dead_url: str
) -> None:
    async with open_gateway(animals_url=dead_url) as gateway:
        for method in ("GET", "POST"):
            answer = await gateway.request(method, "/api/v1/animals/")
            assert answer.status_code == 503
            assert isinstance(answer.json()["detail"], str)
            assert int(answer.headers["retry-after"]) >= 1
        assert (await gateway.get("/api/v1/users/me/")).status_code == 200


async def test_a_hanging_service_is_504_within_its_deadline(open_gateway: OpenGateway, upstream: Upstream) -> None:
    async with open_gateway(read_deadline_seconds=0.3, write_deadline_seconds=0.4) as gateway:
        for method in ("GET", "POST"):
            began = time.monotonic()
            answer = await gateway.request(method, "/api/v1/users/hanging/")
            assert answer.status_code == 504
            assert isinstance(answer.json()["detail"], str)
            assert time.monotonic() - began < 3


async def test_a_crash_in_a_service_is_a_500_without_internals_and_breaks_nobody_else(
    gateway: httpx.AsyncClient, upstream: Upstream
) -> None:
    for _ in range(5):
        crashed, *others = await asyncio.gather(
            gateway.get("/api/v1/users/crashing/"),
            *(gateway.post("/api/v1/users/", json={"n": n}) for n in range(3)),
            *(gateway.get("/api/v1/users/me/") for _ in range(3)),
        )
        assert crashed.status_code == 500
        assert crashed.json() == {"detail": "Internal server error."}
        # Right after it, on the connections that the crash has left behind.
        others.append(await gateway.get("/api/v1/users/me/"))
        others.append(await gateway.post("/api/v1/users/", json={}))
        assert {answer.status_code for answer in others} == {200}


async def test_an_error_page_of_a_service_becomes_json(gateway: httpx.AsyncClient, upstream: Upstream) -> None:
    answer = await gateway.get("/api/v1/users/teapot/")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"detail": "Internal server error."}


async def test_an_answer_that_breaks_off_cannot_pass_for_a_whole_one(
    gateway: httpx.AsyncClient, upstream: Upstream
) -> None:
    try:
        await gateway.get("/api/v1/users/half/", headers={"Accept-Encoding": "identity"})
    except httpx.RemoteProtocolError:
        assert (await gateway.get("/api/v1/users/me/")).status_code == 200
    else:
        raise AssertionError("half an answer was taken for a whole one")


async def test_a_read_is_tried_again_when_the_connection_breaks_and_a_write_is_not(
    open_gateway: OpenGateway, upstream: Upstream
) -> None:
    connections = 0

    async def break_the_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readuntil(b"\r\n\r\n")
        if connections > 1:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
        writer.close()

    server = await asyncio.start_server(break_the_first, sock=listener())
    port = server.sockets[0].getsockname()[1]
    async with server, open_gateway(graph_url=f"http://127.0.0.1:{port}") as gateway:
        assert (await gateway.get("/api/v1/graph/tree/")).status_code == 200
        assert connections == 2
        for method in ("POST", "PUT", "DELETE"):
            connections = 0
            answer = await gateway.request(method, "/api/v1/graph/tree/invalidate/")
            assert (answer.status_code, connections) == (503, 1), method
            assert isinstance(answer.json()["detail"], str)


async def test_several_instances_take_turns_and_stand_in_for_each_other(
    open_gateway: OpenGateway, upstream: Upstream, upstream_url: str, dead_url: str
) -> None:
    """Where one is away, reads and writes, uploads among them, go to the other without anybody noticing."""
    async with open_gateway(vision_url=f"{dead_url}, {upstream_url}/") as gateway:
        for _ in range(4):
            assert (await gateway.get("/api/v1/vision/jobs/")).status_code == 200
            assert (await gateway.post("/api/v1/vision/jobs/", json={"n": 1})).status_code == 200
            sent = await gateway.post("/api/v1/vision/jobs/", content=godot_multipart(PNG), headers=MULTIPART)
            assert (sent.status_code, upstream.asked[-1].size) == (200, len(godot_multipart(PNG)))
        report = (await gateway.get("/api/v1/health/")).json()
        assert report["checks"]["vision"]["status"] == "healthy", "it is there as long as one of them is"


async def test_who_says_that_it_leaves_is_asked_no_more_and_nobody_outside_is_told(
    open_gateway: OpenGateway, upstream: Upstream, upstream_url: str
) -> None:
    asked = 0

    async def leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        await reader.readuntil(b"\r\n\r\n")
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Leaving: 1\r\nConnection: close\r\n"
        writer.write(head + b"Content-Length: 2\r\n\r\n{}")
        writer.close()

    server = await asyncio.start_server(leave, sock=listener())
    leaving = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, open_gateway(graph_url=f"{leaving},{upstream_url}") as gateway:
        answers = [await gateway.get("/api/v1/graph/tree/") for _ in range(10)]
    assert {answer.status_code for answer in answers} == {200}
    assert asked == 1
    assert not [answer for answer in answers if "x-leaving" in answer.headers]


async def test_writes_never_meet_a_connection_that_the_service_is_just_closing(
    open_gateway: OpenGateway, upstream: Upstream
) -> None:
    async def close_at_the_second(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
        await reader.read(1)
        writer.close()

    server = await asyncio.start_server(close_at_the_second, sock=listener())
    port = server.sockets[0].getsockname()[1]
    async with server, open_gateway(graph_url=f"http://127.0.0.1:{port}") as gateway:
        for method in ("GET", "POST", "PUT", "GET", "DELETE", "GET"):
            answer = await gateway.request(method, "/api/v1/graph/tree/")
            assert answer.status_code == 200, method


async def test_a_service_with_all_places_taken_refuses_at_once_and_others_go_on(
    open_gateway: OpenGateway, upstream: Upstream
) -> None:
    async with open_gateway(max_in_flight=2) as gateway:
        waiting = [asyncio.create_task(gateway.get("/api/v1/vision/waiting/")) for _ in range(2)]
        while len(upstream.asked) < 2:
            await asyncio.sleep(0.01)
        refused = await gateway.get("/api/v1/vision/jobs/")
        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "1"
        assert (await gateway.get("/api/v1/users/me/")).status_code == 200
        uploaded = await gateway.post("/api/v1/vision/jobs/", content=godot_multipart(PNG), headers=MULTIPART)
        assert uploaded.status_code == 200, "uploads have places of their own"
        upstream.may_finish.set()
        assert [(await answer).status_code for answer in waiting] == [200, 200]
        assert (await gateway.get("/api/v1/vision/jobs/")).status_code == 200


async def test_options_without_cors_headers_tells_the_methods(gateway: httpx.AsyncClient, upstream: Upstream) -> None:
    answer = await gateway.options("/api/v1/users/options/")
    assert (answer.status_code, answer.headers["allow"]) == (204, "GET, POST")


async def test_unknown_paths_are_404_json(gateway: httpx.AsyncClient, upstream: Upstream, sign_in: SignIn) -> None:
    for path in ("/api/v1/", "/api/v1/nothing/here/", "/api/v2/users/", "/admin/", "/internal/users/", f"/{uuid4()}"):
        answer = await gateway.get(path, headers=sign_in())
        assert (answer.status_code, answer.json()) == (404, {"detail": "Not found."}), path
    assert not upstream.asked
