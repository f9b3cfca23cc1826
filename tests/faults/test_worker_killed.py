"""Vision workers are killed at every step of a job: each job has one result, one event, one bill (F22, H1, H3)."""

import asyncio
import signal
from contextlib import AsyncExitStack
from pathlib import Path

import psutil

from deploy.commands.walk import PHOTOS
from tests.fakes.model_steps import Say
from tests.faults.analysis import ended, numbers, send_job, told_on_the_bus
from tests.faults.beside import beside
from tests.faults.database_stack import HurtMesh
from tests.faults.recovery import verified
from tests.faults.signals import paused
from tests.faults.told import PATIENCE_SECONDS
from tests.mesh import signed_up, until

POINTS = (
    "vision.after_decoding_before_files",
    "vision.after_files_before_row",
    "vision.after_intent_before_call",
    "vision.after_answer_before_store",
    "vision.after_store_before_reading",
)
INSIDE_A_CALL = 1
"""Of these points: the model has answered, and nobody knows it yet."""
GOOD = Say("Panthera onca (jaguar)")


async def test_killed_at_every_point(hurt: HurtMesh, tmp_path: Path) -> None:
    """F22: five workers, each to be killed at another point; whatever they leave behind, a sixth finishes."""
    hurt.model.forget()
    hurt.model.otherwise = GOOD
    async with signed_up(hurt, "ada") as ada, AsyncExitStack() as stack:
        with paused(hurt.process("vision-worker")):
            one_job = {"CV_CONCURRENT_JOBS": "1"}
            armed = await asyncio.gather(
                *(
                    stack.enter_async_context(
                        beside(hurt, "vision-worker", tmp_path, BUS_FAULT_DIR="", BUS_FAULT=point, **one_job)
                    )
                    for point in POINTS
                )
            )
            jobs = [await send_job(ada) for _ in range(2 * len(POINTS))]

            async def all_killed() -> bool:
                return all(worker.is_dead for worker in armed)

            await until(all_killed, PATIENCE_SECONDS)
            assert [await worker.exit_code() for worker in armed] == [-signal.SIGKILL] * len(POINTS)
        results = await ended(ada, jobs)
    assert [result["status"] for result in results] == ["completed"] * len(jobs)
    assert {result["detected_animals"][0]["scientific_name"] for result in results} == {"Panthera onca"}
    assert await told_on_the_bus(hurt, jobs) == dict.fromkeys(jobs, 1)
    kept = await numbers(hurt, jobs)
    assert {row["told"] for row in kept.values()} == {1}
    # An intent whose end nobody knows is taken up again, so there is one a job, however often it was killed.
    assert {row["calls"] for row in kept.values()} == {1}
    answered = [call for call in hurt.model.calls if call.status == 200]
    assert len(jobs) <= len(answered) <= len(jobs) + INSIDE_A_CALL
    assert len({call.idempotency_key for call in answered}) == len(jobs)
    assert len(hurt.model.bills) == len(jobs)
    assert not await verified(hurt)


async def test_killed_during_a_job(hurt: HurtMesh) -> None:
    """H1: the worker is killed as soon as it has a job, and started again by its supervisor."""
    hurt.model.otherwise = GOOD
    async with signed_up(hurt, "ada") as ada:
        conversion = await ada.upload(PHOTOS / "jaguar.webp")
        with paused(hurt.process("vision-worker")):
            job = await ada.post("/vision/jobs/", {"conversion_id": conversion})
            pid = hurt.process("vision-worker").pid

        async def is_taken() -> bool:
            return bool((await ada.get(f"/vision/jobs/{job['id']}/"))["status"] != "pending")

        await until(is_taken)
        psutil.Process(pid).kill()
        result = await ada.finished(job["id"])
        assert (result["status"], len(result["detected_animals"])) == ("completed", 1)
        await until(lambda: hurt.is_back("vision-worker", pid), PATIENCE_SECONDS)
