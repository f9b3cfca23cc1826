"""Finding 2: what breaks for one player at one service breaks for nobody else, whoever's connection it was."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import uuid4

import asyncpg
import psutil
import pytest

from deploy.local.player import Player
from tests.answers import Ask, asking, body_of
from tests.contract.own_processes import running
from tests.hostile.requests.conftest import Target
from tests.hostile.requests.raw import port_of
from tests.hostile.requests.verdicts import patient
from tests.mesh import Mesh, NewPlayer

NOBODY = "nats://127.0.0.1:1"
"""This dex takes no part in the mesh's events: it may read, and must not fail for others."""
ROUNDS = 40


@dataclass(frozen=True)
class Broken:
    """A gateway of its own, and behind it a dex that may not read one of its own tables."""

    ask: Ask
    dex: str


@pytest.fixture(scope="module")
async def broken(mesh: Mesh) -> AsyncIterator[Broken]:
    role, password = f"half_{uuid4().hex[:8]}", uuid4().hex
    scheme, _, rest = mesh.process("dex").environ()["DATABASE_URL"].partition("://")
    url = f"{scheme}://{role}:{password}@{rest.rpartition('@')[2]}"
    admin = await asyncpg.connect(mesh.topology["postgres"]["admin_url"])
    try:
        await admin.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{password}'")
        await admin.execute(f"ALTER ROLE {role} SET search_path TO dex, extensions")
        await admin.execute(f"GRANT CONNECT ON DATABASE {rest.rpartition('/')[2]} TO {role}")
        await admin.execute(f"GRANT USAGE ON SCHEMA dex TO {role}")
        await admin.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA dex TO {role}")
        await admin.execute(f"REVOKE SELECT ON dex.withdrawals FROM {role}")
        async with (
            running(mesh, "dex", DATABASE_URL=url, NATS_URL=NOBODY) as dex,
            running(mesh, "gateway", DEX_URL=dex) as gateway,
            asking(gateway) as ask,
        ):
            yield Broken(ask, dex)
        await admin.execute(f"DROP OWNED BY {role}")
        await admin.execute(f"DROP ROLE {role}")
    finally:
        await admin.close()


async def test_a_500_of_one_is_no_502_of_another(broken: Broken, target: Target, new_player: NewPlayer) -> None:
    """Finding 2: real failures inside the service, between good requests on the same kept connections."""
    ben = await new_player("ben")
    ask = patient(broken.ask)
    of_ben = f"/dex/entries/user/{ben.id}/entries/?last_sync=2000-01-01"
    bad = [ask(target.player, "GET", of_ben) for _ in range(ROUNDS)]
    good = [ask(target.player, "GET", "/dex/entries/my_entries/") for _ in range(ROUNDS)]
    missing = [ask(target.player, "GET", "/dex/entries/by_animal/") for _ in range(ROUNDS)]
    asked = [each for three in zip(bad, good, missing, strict=True) for each in three]
    answers = []
    for start in range(0, len(asked), 9):
        answers += await asyncio.gather(*asked[start : start + 9])
    for index, answer in enumerate(answers):
        match index % 3:
            case 0:
                assert body_of(answer, 500) == {"detail": "Internal server error."}
            case 1:
                assert body_of(answer)["count"] >= 1
            case 2:
                body_of(answer, 400)


async def test_a_service_that_dies_takes_nobody_along(broken: Broken, staff: Player) -> None:
    """Finding 2: killed with kept connections open; other services answer as ever, this one is 503 at once."""
    for _ in range(3):
        await asyncio.gather(*(broken.ask(staff, "GET", "/dex/entries/by_animal/") for _ in range(6)))
    port = port_of(broken.dex)
    (process,) = [
        each
        for each in psutil.Process(os.getpid()).children(recursive=True)
        if any(it.status == psutil.CONN_LISTEN and it.laddr.port == port for it in each.net_connections("tcp"))
    ]
    process.send_signal(signal.SIGKILL)
    for _ in range(5):
        gone, there = await asyncio.gather(
            broken.ask(staff, "GET", "/dex/entries/by_animal/"), patient(broken.ask)(staff, "GET", "/users/me/")
        )
        assert body_of(there)["id"] == staff.id
        assert gone.headers["retry-after"]
        body_of(gone, 503)
