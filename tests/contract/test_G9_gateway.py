"""G9: what the gateway answers when a service does not; and what it writes down."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import uuid4

import pytest

from deploy.local.player import Player
from deploy.local.ports import free_ports
from tests.answers import Ask, asking, body_of
from tests.contract.own_processes import running
from tests.mesh import Mesh

DEADLINE = 1.0


@dataclass(frozen=True)
class Lonely:
    """A gateway whose dex hangs, whose social service is gone, and whose graph talks nonsense."""

    ask: Ask


@pytest.fixture(scope="module")
async def lonely(mesh: Mesh) -> AsyncIterator[Lonely]:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SPAM 1 2 3\r\n\r\n")
        await writer.drain()
        writer.close()

    hanging, gone, babbling = free_ports(3)
    servers = [
        await asyncio.start_server(hang, "127.0.0.1", hanging),
        await asyncio.start_server(babble, "127.0.0.1", babbling),
    ]
    elsewhere = {
        "DEX_URL": f"http://127.0.0.1:{hanging}",
        "SOCIAL_URL": f"http://127.0.0.1:{gone}",
        "GRAPH_URL": f"http://127.0.0.1:{babbling}",
        "READ_DEADLINE_SECONDS": str(DEADLINE),
        "WRITE_DEADLINE_SECONDS": str(DEADLINE),
    }
    async with running(mesh, "gateway", **elsewhere) as url, asking(url) as ask:
        yield Lonely(ask)
    for server in servers:
        server.close()


@pytest.mark.parametrize(
    ("method", "path", "statuses"),
    [
        ("GET", "/dex/entries/my_entries/", (504,)),
        ("POST", "/dex/entries/batch_sync/", (504,)),
        ("GET", "/social/friendships/friends/", (503,)),
        ("POST", "/social/friendships/send_request/", (503,)),
        ("GET", "/graph/tree/", (502, 503)),
    ],
)
async def test_a_service_that_does_not_answer(
    lonely: Lonely, ada: Player, method: str, path: str, statuses: tuple[int, ...]
) -> None:
    began = time.monotonic()
    more = {"json": {}} if method == "POST" else {}
    answer = await lonely.ask(ada, method, path, **more)
    assert time.monotonic() - began < 10 * DEADLINE
    assert answer.status_code in statuses
    body = body_of(answer, answer.status_code)
    assert isinstance(body["detail"], str)
    assert not {"127.0.0.1", "aiohttp", "Traceback"} & set(answer.text.split())


async def test_the_other_services_are_as_good_as_ever(lonely: Lonely, ada: Player) -> None:
    assert body_of(await lonely.ask(ada, "GET", "/users/me/"))["id"] == ada.id


async def test_a_head_of_what_is_gone_has_no_body(lonely: Lonely, ada: Player) -> None:
    answer = await lonely.ask(ada, "HEAD", "/social/friendships/friends/")
    assert (answer.status_code, answer.content) == (503, b"")


async def test_the_logs_hold_no_secrets(mesh: Mesh, ask: Ask) -> None:
    name, secret = f"quiet-{uuid4().hex[:8]}", f"whispered {uuid4().hex}"
    account = {"username": name, "email": f"{name}@example.com", "password": secret, "password_confirm": secret}
    assert (await ask(None, "POST", "/users/", json=account)).status_code == 201
    tokens = body_of(await ask(None, "POST", "/auth/login/", json={"username": name, "password": secret}))
    assert (
        await ask(None, "POST", "/auth/login/", json={"username": name, "password": secret[:-1]})
    ).status_code == 401
    assert (await ask(None, "POST", "/users/", json=account | {"username": "!"})).status_code == 400
    bearer = {"Authorization": f"Bearer {tokens['access']}"}
    assert (await ask(None, "GET", "/users/me/", headers=bearer)).status_code == 200
    for service in ("gateway", "users"):
        log = mesh.log(service)
        for forbidden in (secret[:-1], tokens["access"], tokens["refresh"], f"{name}@example.com"):
            assert forbidden not in log, service
