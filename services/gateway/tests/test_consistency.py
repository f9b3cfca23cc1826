"""Reading one's own writes: tokens of a user's writes come with that user's next reads, at any gateway (design §4)."""

import asyncio
from uuid import uuid4

import httpx

from libs.common.testing import SignIn
from services.gateway.consistency import REMEMBER_SECONDS, TOKENS_A_USER, RecentWrites
from services.gateway.tests.conftest import OpenGateway
from services.gateway.tests.upstream import Upstream

WRITE = "/api/v1/dex/entries/written/"


async def test_a_write_is_remembered_for_the_writers_reads_only(
    gateway: httpx.AsyncClient, upstream: Upstream, sign_in: SignIn
) -> None:
    wolf, lynx = sign_in(), sign_in()
    token = f"dex/{uuid4()}@3"
    written = await gateway.post(f"{WRITE}?{token}", headers=wolf)
    assert written.status_code == 201
    assert "x-consistency-token" not in written.headers
    await gateway.get("/api/v1/graph/tree/", headers=wolf)
    assert upstream.asked[-1].headers["x-consistency-token"] == token
    await gateway.post("/api/v1/dex/entries/batch_sync/", json={}, headers=wolf)
    assert upstream.asked[-1].headers["x-consistency-token"] == token, "a read by POST"
    await gateway.post("/api/v1/dex/entries/", json={}, headers=wolf)
    assert "x-consistency-token" not in upstream.asked[-1].headers, "a write waits for nothing"
    for others in (lynx, {}):
        await gateway.get("/api/v1/graph/tree/", headers=others)
        assert "x-consistency-token" not in upstream.asked[-1].headers


async def test_the_other_gateways_are_told(
    open_gateway: OpenGateway, upstream: Upstream, sign_in: SignIn, nats_url: str
) -> None:
    async with open_gateway(nats_url=nats_url) as one, open_gateway(nats_url=nats_url) as other:
        await until(lambda: one.house.bus.connected and other.house.bus.connected)
        wolf, token = sign_in(), f"dex/{uuid4()}@1"

        async def read_by_the_other() -> bool:
            await one.post(f"{WRITE}?{token}", headers=wolf)
            await other.get("/api/v1/graph/tree/", headers=wolf)
            return upstream.asked[-1].headers.get("x-consistency-token") == token

        async with asyncio.timeout(10):
            while not await read_by_the_other():
                await asyncio.sleep(0.02)


async def until(holds) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.02)


def test_the_newest_version_of_each_record_counts_whatever_the_order() -> None:
    writes, wolf, entry = RecentWrites(), uuid4(), uuid4()
    writes.remember(wolf, f"dex/{entry}@2", now=0)
    writes.remember(wolf, f"dex/{entry}@1, friendship/{entry}@7", now=1)
    assert writes.tokens(wolf, now=2) == f"dex/{entry}@2,friendship/{entry}@7"


def test_writes_are_forgotten_after_half_a_minute() -> None:
    writes, wolf, lynx = RecentWrites(), uuid4(), uuid4()
    writes.remember(wolf, f"dex/{uuid4()}@1", now=0)
    assert writes.tokens(wolf, now=REMEMBER_SECONDS - 1)
    assert not writes.tokens(wolf, now=REMEMBER_SECONDS)
    writes.remember(lynx, f"dex/{uuid4()}@1", now=REMEMBER_SECONDS + 1)
    assert list(writes._users) == [lynx]


def test_no_more_than_the_newest_few_are_kept() -> None:
    writes, wolf = RecentWrites(), uuid4()
    tokens = [f"dex/{uuid4()}@1" for _ in range(TOKENS_A_USER + 3)]
    writes.remember(wolf, ",".join(tokens), now=0)
    assert writes.tokens(wolf, now=1) == ",".join(tokens[3:])


def test_what_is_no_token_is_not_kept() -> None:
    writes, wolf = RecentWrites(), uuid4()
    writes.remember(wolf, "nonsense, dex/1@2, dex/x\r\n", now=0)
    assert not writes.tokens(wolf, now=1)
