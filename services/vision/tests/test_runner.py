"""The worker's loop: it finds jobs, keeps them while it lives, and lets go of them when it must (contract B6)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from sqlalchemy import update

from libs.common.db import Database
from services.vision.identification import Laboratory
from services.vision.models import AnalysisJob
from services.vision.runner import Runner
from services.vision.tests.conftest import MakeJob, events, job_of
from services.vision.tests.samples import jpeg
from tests.fakes.model_server import ModelServer
from tests.fakes.model_steps import Hang, Say


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.02)


def with_settings(lab: Laboratory, **changes: float) -> Laboratory:
    return replace(lab, settings=lab.settings.model_copy(update=changes))


async def announced(db: Database, number: int) -> bool:
    return len(await events(db, "image.identified")) >= number


async def test_works_off_the_queue_and_then_waits_for_the_bell(
    lab: Laboratory, db: Database, make_job: MakeJob, model: ModelServer
) -> None:
    model.otherwise = Say("Lynx lynx")
    bell = asyncio.Event()
    for _ in range(4):
        await make_job(jpeg(), cv_method="openai")
    running = asyncio.create_task(Runner(with_settings(lab, cv_poll_seconds=60.0), bell).run())
    await until(lambda: announced(db, 4))
    late = await make_job(jpeg(), cv_method="openai")
    bell.set()
    await until(lambda: announced(db, 5))
    assert (await job_of(db, late)).announced_version == 2
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_without_a_bell_it_looks_by_itself(
    lab: Laboratory, db: Database, make_job: MakeJob, model: ModelServer
) -> None:
    model.otherwise = Say("Lynx lynx")
    running = asyncio.create_task(Runner(with_settings(lab, cv_poll_seconds=0.05), asyncio.Event()).run())
    await asyncio.sleep(0)
    await make_job(jpeg(), cv_method="openai")
    await until(lambda: announced(db, 1))
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_worker_that_ends_puts_its_job_back(
    lab: Laboratory, db: Database, make_job: MakeJob, model: ModelServer
) -> None:
    model.will(Hang(30))
    job_id = await make_job(jpeg(), cv_method="openai")
    running = asyncio.create_task(Runner(with_settings(lab, cv_request_timeout_seconds=30.0), asyncio.Event()).run())

    async def is_asking() -> bool:
        return len(model.calls) == 1

    await until(is_asking)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    job = await job_of(db, job_id)
    assert (job.status, job.retry_count, job.lease_token) == ("processing", 0, None)
    assert job.run_at is not None


async def test_work_stops_when_the_lease_is_lost(
    lab: Laboratory, db: Database, make_job: MakeJob, model: ModelServer
) -> None:
    model.will(Hang(30))
    job_id = await make_job(jpeg(), cv_method="openai")
    runner = Runner(with_settings(lab, cv_lease_seconds=0.3), asyncio.Event())
    running = asyncio.create_task(runner.run())

    async def is_asking() -> bool:
        return len(model.calls) == 1

    await until(is_asking)
    async with db.transaction() as session:
        await session.execute(
            update(AnalysisJob).where(AnalysisJob.id == job_id).values(lease_token=None, lease_until=None)
        )
    from services.vision import meters

    async def is_free() -> bool:
        return meters.active_tasks.labels(meters.TASK)._value.get() == 0

    await until(is_free, seconds=0.9)
    job = await job_of(db, job_id)
    assert (job.retry_count, job.error_message, job.run_at) == (0, "", None)
    assert await events(db) == []
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
