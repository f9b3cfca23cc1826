"""The gateway as a process of its own, as it is started everywhere: its log, its end, and its patience."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import nats
import orjson

from libs.common.provision import provision_stream, stream_config
from libs.common.testing import SignIn
from services.gateway.tests.conftest import NOBODY, PUBLIC, SERVICES, OpenGateway
from services.gateway.tests.upstream import Upstream, listener

ROOT = Path(__file__).parents[3]
IMPATIENT = (
    "-c",
    "from libs.common import run, sockets;"
    "sockets.GuardedProtocol.head_seconds = 0.3;"
    "run.main('services.gateway.app:app')",
)
"""The same with less patience than the ten seconds of every day, so that a test can see the end of it."""


@asynccontextmanager
async def gateway_process(
    upstream_url: str,
    blobs: Path,
    arguments: Sequence[str] = ("-m", "libs.common.run", "services.gateway.app:app"),
    **settings: str,
) -> AsyncIterator[tuple[httpx.AsyncClient, asyncio.subprocess.Process]]:
    """`python -m libs.common.run services.gateway.app:app`, with its standard output at hand."""
    reserved = listener()
    port = reserved.getsockname()[1]
    reserved.close()
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        **{f"{name.upper()}_URL": upstream_url for name in SERVICES},
        "ENVIRONMENT": "test",
        "PORT": str(port),
        "PUBLIC_BASE_URL": PUBLIC,
        "NATS_URL": NOBODY,
        "BLOB_URL": f"file://{blobs}",
        "JWKS_URL": f"{upstream_url}/.well-known/jwks.json",
        **settings,
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *arguments),
        cwd=ROOT,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        limit=1 << 20,
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            async with asyncio.timeout(30):
                while not await answers(client):
                    assert process.returncode is None, "the gateway has ended"
                    await asyncio.sleep(0.05)
            yield client, process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def answers(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/health/")).status_code == 200
    except httpx.TransportError:
        return False


async def test_one_log_line_a_request_without_a_word_too_many(
    upstream: Upstream, upstream_url: str, tmp_path: Path, sign_in: SignIn
) -> None:
    wolf = uuid4()
    headers = sign_in(wolf)
    async with gateway_process(upstream_url, tmp_path) as (client, process):
        answered = await client.post(
            f"/api/v1/users/{wolf}/?email=wolf@example.com", json={"password": "howl"}, headers=headers
        )
        assert answered.status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.stdout is not None
        output = (await asyncio.wait_for(process.stdout.read(), 15)).decode()
        assert await asyncio.wait_for(process.wait(), 15) in (0, -signal.SIGTERM)
    lines = [orjson.loads(line) for line in output.splitlines()]
    requests = [line for line in lines if line["event"] == "request"]
    assert len(requests) == 1, "probes of health are not worth a line"
    (line,) = requests
    assert (line["method"], line["route"], line["status"]) == ("POST", "/api/v1/users/{user_id}/", 200)
    assert line["user_id"] == str(wolf)
    assert line["request_id"] == answered.headers["x-request-id"]
    assert line["ms"] > 0
    assert upstream.asked[-1].headers["traceparent"].split("-")[1] == line["trace_id"]
    for secret in ("wolf@example.com", "howl", headers["Authorization"].split()[1]):
        assert secret not in output


async def test_a_user_deleted_on_the_bus_is_refused(
    open_gateway: OpenGateway, upstream: Upstream, sign_in: SignIn, nats_url: str
) -> None:
    bus = await nats.connect(nats_url)
    await provision_stream(bus.jetstream(), stream_config())
    wolf = uuid4()
    headers = sign_in(wolf)
    async with open_gateway(nats_url=nats_url) as gateway:
        assert (await gateway.get("/api/v1/users/me/", headers=headers)).status_code == 200
        await bus.jetstream().publish("user.deleted", orjson.dumps({"id": str(wolf), "version": 2}))
        async with asyncio.timeout(15):
            while (refused := await gateway.get("/api/v1/users/me/", headers=headers)).status_code == 200:
                await asyncio.sleep(0.02)
        assert refused.json() == {"detail": "User not found", "code": "user_not_found"}
    async with open_gateway(nats_url=nats_url) as restarted, asyncio.timeout(15):
        while (await restarted.get("/api/v1/users/me/", headers=headers)).status_code == 200:
            await asyncio.sleep(0.02)
    await bus.close()


async def test_connections_without_a_whole_request_head_are_cut(
    upstream: Upstream, upstream_url: str, tmp_path: Path
) -> None:
    async with gateway_process(upstream_url, tmp_path, IMPATIENT) as (client, _):

        async def connected() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
            return await asyncio.open_connection("127.0.0.1", client.base_url.port)

        for sent in (b"", b"GET /health/ HTTP/1.1\r\nHost: localhost\r\n"):
            reader, writer = await connected()
            writer.write(sent)
            assert await asyncio.wait_for(reader.read(), 5) == b"", sent
            writer.close()
        reader, writer = await connected()
        writer.write(b"GET /api/v1/vision/waiting/ HTTP/1.1\r\nHost: localhost\r\n\r\nGET / HTT")
        other, its = await connected()
        assert await asyncio.wait_for(other.read(), 5) == b"", "so long has the first been waiting by now"
        upstream.may_finish.set()
        assert (await asyncio.wait_for(reader.read(), 5)).count(b"200 OK") == 1, "a slow answer is no slow request"
        for each in (writer, its):
            each.close()
