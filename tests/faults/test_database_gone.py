"""PostgreSQL's processes are killed, one and all: refusals for a moment, then everything as before (H9, F15)."""

import asyncio
import signal
from uuid import uuid4

import httpx
import psutil

from deploy.local.player import Player, Refused
from tests.faults.database_stack import HurtMesh
from tests.faults.recovery import verified
from tests.faults.told import PATIENCE_SECONDS, READS, all_answer, ask_all, watching
from tests.mesh import signed_up, until


async def test_one_killed_backend(hurt: HurtMesh) -> None:
    """H9: `kill -9` of one backend makes PostgreSQL end all others; nobody is told 500, and it passes by itself."""
    async with signed_up(hurt, "ada") as ada:
        await ask_all(ada)
        async with hurt.database() as database:
            dex = await database.fetchval(
                "SELECT pid FROM pg_stat_activity WHERE application_name = 'biologidex-dex' LIMIT 1"
            )
        async with watching(ada) as watch:
            psutil.Process(dex).kill()
            await asyncio.sleep(0.5)
            await until(lambda: all_answer(ada), PATIENCE_SECONDS)
        watch.must_be(200)
        assert [each.status for each in await ask_all(ada)] == [200] * len(READS)


async def test_dead_connections_are_not_handed_out(hurt: HurtMesh) -> None:
    """H9: all connections of all pools were ended while nobody looked; the very next requests are answered."""
    async with signed_up(hurt, "ada") as ada:
        await asyncio.gather(*(ask_all(ada) for _ in range(4)))
        async with hurt.database() as database:
            ended = await database.fetch(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE application_name LIKE 'biologidex-%' AND pid <> pg_backend_pid()"
            )
        assert len(ended) > 6
        answers = [each for _ in range(3) for each in await ask_all(ada)]
        assert [each.status for each in answers] == [200] * len(answers), answers


async def test_an_immediate_stop_under_load(hurt: HurtMesh) -> None:
    """H9, F15: the server stops as by `pg_ctl stop -m immediate`, is started again; nothing acknowledged is lost."""
    async with signed_up(hurt, "ada") as ada, Player(hurt.url, "nobody") as newcomers:
        acknowledged: list[str] = []
        async with watching(ada) as watch:
            writing = asyncio.create_task(_register(newcomers, acknowledged))
            await until(lambda: _has(acknowledged, 3))
            server = hurt.process("postgres")
            server.send_signal(signal.SIGQUIT)
            await asyncio.to_thread(psutil.wait_procs, [server], 10)
            await until(lambda: all_answer(ada), PATIENCE_SECONDS)
            more = len(acknowledged) + 3
            await until(lambda: _has(acknowledged, more))
            writing.cancel()
        watch.must_be(200)
        assert watch.refusals > 0
        for name in acknowledged:
            newcomers.name = name
            await newcomers.sign_in()
    assert not await verified(hurt)


async def _register(player: Player, acknowledged: list[str]) -> None:
    while True:
        name = f"new-{uuid4().hex[:8]}"
        account = {"username": name, "email": f"{name}@example.com"}
        secret = {"password": "a photo of a tawny owl", "password_confirm": "a photo of a tawny owl"}
        try:
            await player.post("/users/", {**account, **secret})
        except (Refused, httpx.HTTPError):
            await asyncio.sleep(0.05)
            continue
        acknowledged.append(name)


async def _has(names: list[str], number: int) -> bool:
    return len(names) >= number
