"""The links between gateway, services and database are slow, cut, one-sided or swallow everything (H19, H20)."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from deploy.local.player import Player
from tests.faults.beside import Beside, beside
from tests.faults.database_stack import HurtMesh
from tests.faults.fault_proxy import WELL, FaultProxy, Harm
from tests.faults.told import LONGEST_SECONDS, PATIENCE_SECONDS, all_answer, ask, watching
from tests.mesh import signed_up, until

ENTRIES = "/dex/entries/my_entries/"
OTHERS = ("/users/me/", "/social/friendships/friends/", "/animals/", "/vision/jobs/")
SEED = int(os.environ.get("FAULT_SEED", "20261120"))


@dataclass
class Cut:
    """A gateway beside the stack's that reaches the dex by a link that can be harmed; who asks, and what stands."""

    link: FaultProxy
    gateway: Beside
    ada: Player

    @property
    def sockets(self) -> int:
        return len(self.gateway.process.net_connections(kind="tcp"))


@asynccontextmanager
async def cut_off(hurt: HurtMesh, folder: Path) -> AsyncIterator[Cut]:
    print(f"seed {SEED}")
    async with AsyncExitStack() as stack:
        link = await stack.enter_async_context(FaultProxy(hurt.topology["processes"]["dex"]["port"], seed=SEED))
        gateway = await stack.enter_async_context(beside(hurt, "gateway", folder, DEX_URL=link.url))
        known = await stack.enter_async_context(signed_up(hurt, "ada"))
        ada = await stack.enter_async_context(Player(gateway.url, known.name))
        await until(lambda: _signs_in(ada), PATIENCE_SECONDS)
        await until(lambda: all_answer(ada, [ENTRIES, *OTHERS]), PATIENCE_SECONDS)
        yield Cut(link, gateway, ada)


async def _signs_in(player: Player) -> bool:
    answer = await ask(player, "/auth/login/", "POST", json={"username": player.name, "password": player._password})
    if answer.status == 200:
        await player.sign_in()
    return answer.status == 200


async def test_gateway_and_service(hurt: HurtMesh, tmp_path: Path) -> None:
    """H19, H20: whatever the link to one service does, its answers are in time and those of all others as always."""
    async with cut_off(hurt, tmp_path) as cut:
        stood = cut.sockets
        async with watching(cut.ada, OTHERS) as others:
            for harm, statuses in (
                (Harm(delay=0.25, jitter=0.25), {200}),
                (Harm(bytes_per_second=4000), {200}),
                # Too many that wait in vain are refused before they wait; one that broke off is told so.
                (Harm(black_hole=True), {504}),
                (Harm(half_close=True), {502}),
                (Harm(reset_after=40), {502}),
                # The connections that stand are kept; those that are new are tried twice, being reads.
                (Harm(reset_share=0.3), {200, 502}),
            ):
                cut.link.do(harm)
                answers = await asyncio.gather(*(ask(cut.ada, ENTRIES) for _ in range(8)))
                wrong = [each for each in answers if each.status not in statuses and not each.is_refusal]
                assert not wrong, (harm, wrong)
                assert 200 not in statuses or any(each.status == 200 for each in answers), harm
                assert max(each.seconds for each in answers) < LONGEST_SECONDS, harm
                cut.link.do(WELL)
                await until(lambda: all_answer(cut.ada, [ENTRIES]))
            await cut.link.refuse()
            refused = await ask(cut.ada, ENTRIES)
            assert refused.is_refusal, refused
            assert refused.seconds < 3
            await cut.link.listen()
            assert (await ask(cut.ada, ENTRIES)).status == 200
        others.must_be(200)
        assert others.refusals == 0

        async def as_many_as_before() -> bool:
            return cut.sockets <= stood + 10

        await until(as_many_as_before)


async def test_a_write_is_never_sent_twice(hurt: HurtMesh, tmp_path: Path) -> None:
    """H20: the answer to a POST is lost on its way back; the gateway does not repeat what may have been done."""
    async with cut_off(hurt, tmp_path) as cut:
        before = cut.link.taken
        cut.link.do(Harm(reset_after=0))
        lost = await ask(cut.ada, "/dex/entries/batch_sync/", "POST", json={"entries": []})
        assert lost.status == 502 or lost.is_refusal, lost
        assert cut.link.taken == before + 1


@pytest.mark.long
@pytest.mark.parametrize("harm", [Harm(black_hole=True), Harm(reset_after=0)], ids=["black hole", "resets"])
async def test_service_and_database(hurt: HurtMesh, tmp_path: Path, harm: Harm) -> None:
    """H20: a half-open link to the database costs one command's time, not a minute; the first request after is good."""
    url = hurt.process("dex").environ()["DATABASE_URL"]
    parts = urlsplit(url)
    async with FaultProxy(parts.port or 0, seed=SEED) as link, signed_up(hurt, "ada") as ada:
        through = urlunsplit(parts._replace(netloc=f"{parts.netloc.rpartition(':')[0]}:{link.port}"))
        async with beside(hurt, "dex", tmp_path, DATABASE_URL=through, BUS_FAULT_DIR="") as dex:
            await until(dex.is_ready, PATIENCE_SECONDS)
            async with Player(dex.url, "direct") as direct:
                direct._client.headers["Authorization"] = ada.authorization
                assert (await ask(direct, ENTRIES)).status == 200
                link.do(harm)
                began = time.monotonic()
                answers = await asyncio.gather(*(ask(direct, ENTRIES) for _ in range(8)))
                assert time.monotonic() - began < LONGEST_SECONDS
                assert all(each.is_refusal for each in answers), answers
                assert await dex.status("/health/") == 200
                link.do(WELL)
                await until(lambda: all_answer(direct, [ENTRIES]), 5)
                assert [each.status for each in await asyncio.gather(*(ask(direct, ENTRIES) for _ in range(20)))] == [
                    200
                ] * 20
