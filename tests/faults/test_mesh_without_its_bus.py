"""The whole mesh with its bus halted: players write and read on, and everything arrives when it goes on (H5)."""

import time

from tests.fakes.model_steps import Say
from tests.faults.analysis import send_job
from tests.faults.database_stack import HurtMesh
from tests.faults.recovery import verified
from tests.faults.signals import paused
from tests.faults.told import LONGEST_SECONDS
from tests.mesh import signed_up, until


async def test_writes_go_on(hurt: HurtMesh) -> None:
    """H5: an entry and a registration while nothing can be published, each in a request's usual time."""
    hurt.model.otherwise = Say("Panthera onca (jaguar)")
    async with signed_up(hurt, "ada") as ada:
        job = await ada.finished(await send_job(ada))
        with paused(hurt.process("nats")):
            began = time.monotonic()
            entry = await ada.catch(job)
            assert time.monotonic() - began < LONGEST_SECONDS
            async with signed_up(hurt, "ben"):
                pass
            assert (await ada.get("/dex/entries/my_entries/"))["results"][0]["id"] == entry["id"]

        async def arrived() -> bool:
            return bool((await ada.tree("personal"))["stats"]["user_captures"] == 1)

        await until(arrived, 40)
        async with signed_up(hurt, "cleo") as cleo:
            await ada.befriend(cleo)
    assert not await verified(hurt)
