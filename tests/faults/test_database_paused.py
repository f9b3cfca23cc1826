"""PostgreSQL is stopped in its tracks, as by a frozen machine: answers in seconds, and all well soon after (H10)."""

import asyncio
import time

from tests.faults.database_stack import HurtMesh
from tests.faults.signals import paused
from tests.faults.told import LONGEST_SECONDS, READS, all_answer, ask, ask_all, watching
from tests.mesh import signed_up, until

PAUSED_SECONDS = 6.0
"""Longer than any command may take; `make chaos` pauses for half a minute."""
CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'biologidex-%'"
POOLS = 7 * 15
"""Seven processes with a pool each, five and ten connections large."""


async def test_every_answer_is_in_time(hurt: HurtMesh) -> None:
    """H10: refusals with `Retry-After`, alive throughout, and no connection is left behind in the pools."""
    async with signed_up(hurt, "ada") as ada:
        await ask_all(ada)
        async with watching(ada) as watch:
            with paused(hurt.process("postgres")):
                began = time.monotonic()
                while time.monotonic() - began < PAUSED_SECONDS:
                    await _all_are_alive(hurt)
                    await asyncio.sleep(0.2)
                registering = await ask(ada, "/users/", "POST", json=_account())
            over = time.monotonic()
            await until(lambda: all_answer(ada), 10)
            assert time.monotonic() - over < 5
        watch.must_be(200)
        assert registering.is_refusal, registering
        assert registering.seconds < LONGEST_SECONDS
        assert {each.path for each in watch.answers if each.is_refusal} == set(READS)
        assert [each.status for each in await ask_all(ada)] == [200] * len(READS)

        async def given_back() -> bool:
            async with hurt.database() as database:
                return bool(await database.fetchval(CONNECTIONS) <= POOLS)

        await until(given_back)


async def _all_are_alive(hurt: HurtMesh) -> None:
    """Liveness knows nothing of the database: nobody is killed for its sake."""
    for name, told in hurt.topology["processes"].items():
        if told["url"] is not None:
            assert (await hurt.alive(name)) == 200, name


def _account() -> dict[str, str]:
    secret = "a photo of a tawny owl"
    return {"username": "late", "email": "late@example.com", "password": secret, "password_confirm": secret}
