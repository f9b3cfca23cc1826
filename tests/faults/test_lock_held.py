"""Somebody holds a lock on a table, and a database is slow: what does not need it does not notice (H11)."""

import asyncio

from tests.faults.database_stack import HurtMesh
from tests.faults.told import ask, watching
from tests.mesh import signed_up

ENTRIES = "/dex/entries/my_entries/"
OTHERS = ("/users/me/", "/social/friendships/friends/", "/animals/", "/vision/jobs/", "/graph/tree/?mode=personal")


async def test_a_locked_table(hurt: HurtMesh) -> None:
    """H11: forty requests wait in vain and are told so in time; everybody else is answered as always."""
    async with signed_up(hurt, "ada") as ada, hurt.database() as database:
        assert (await ask(ada, ENTRIES)).status == 200
        async with watching(ada, OTHERS) as others, database.transaction():
            await database.execute("LOCK TABLE dex.dex_entries IN ACCESS EXCLUSIVE MODE")
            async with watching(ada, [ENTRIES]) as waiting:
                crowd = await asyncio.gather(*(ask(ada, ENTRIES) for _ in range(40)))
        # The lock is gone with its transaction: the first request after it is answered.
        assert (await ask(ada, ENTRIES)).status == 200
        waiting.must_be()
        assert all(each.is_refusal for each in crowd), [each for each in crowd if not each.is_refusal][:3]
        assert max(each.seconds for each in crowd) < 5
        others.must_be(200)
        assert others.refusals == 0
        assert max(each.seconds for each in others.answers) < 2
