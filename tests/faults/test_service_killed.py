"""Each service is killed while players write; what was acknowledged is there, and told once; repeating is safe (H1)."""

import asyncio

import psutil
import pytest

from deploy.commands.walk import PHOTOS
from tests.fakes.model_steps import Say
from tests.faults.analysis import send_job
from tests.faults.database_stack import HurtMesh
from tests.faults.recovery import verified
from tests.faults.told import PATIENCE_SECONDS, READS, all_answer, watching
from tests.mesh import signed_up, until

EVERYTHING = (*READS, "/graph/tree/?mode=personal")
VICTIMS = (("users", "dex", "graph"), ("animals", "social", "vision", "gateway"))
"""Each once, some at the same time; `make chaos` takes them in any order, and again and again."""


async def test_every_service(hurt: HurtMesh) -> None:
    """H1: `kill -9` of each under load; answers are 2xx, 429, 502 or refusals, jobs end, all is kept."""
    hurt.model.otherwise = Say("Panthera onca (jaguar)")
    async with signed_up(hurt, "ada") as ada, signed_up(hurt, "ben") as ben:
        await ada.befriend(ben)
        job = await ada.finished(await send_job(ada))
        entry = await ada.catch(job)
        jobs = []
        async with watching(ben, pause=0.1) as watch:
            for names in VICTIMS:
                jobs.append(await send_job(ada))
                victims = {name: hurt.process(name) for name in names}
                for victim in victims.values():
                    victim.kill()
                await asyncio.to_thread(psutil.wait_procs, list(victims.values()), 5)
                for name, victim in victims.items():
                    await until(lambda name=name, pid=victim.pid: hurt.is_back(name, pid), PATIENCE_SECONDS)
                await until(lambda: all_answer(ada, EVERYTHING), PATIENCE_SECONDS)
        # Without the gateway nobody answers at all; what it had begun is broken off.
        watch.must_be(200, 502, 0)
        for sent in jobs:
            assert (await ada.finished(sent))["status"] == "completed"
        kept = (await ada.get("/dex/entries/my_entries/"))["results"]
        assert [each["id"] for each in kept] == [entry["id"]]

        async def is_told() -> bool:
            return bool((await ben.tree("friends"))["stats"]["friend_captures"] == 1)

        await until(is_told)
    assert not await verified(hurt)


@pytest.mark.parametrize("times", [5])
async def test_the_same_request_again_and_again(hurt: HurtMesh, times: int) -> None:
    """2E 133: the client repeats a POST that it had no answer to; it is one entry, and everybody is told the same."""
    async with signed_up(hurt, "ada") as ada:
        job = await ada.identify(await ada.upload(PHOTOS / "koala.webp"))
        entries = await asyncio.gather(*(ada.catch(job) for _ in range(times)))
        assert len({entry["id"] for entry in entries}) == 1
        assert (await ada.get("/dex/entries/my_entries/"))["count"] == 1
