"""The job table as a queue: nobody works on the same job twice, and nothing is left lying (contract B6)."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update

from libs.common.db import Database
from libs.common.values import now
from services.vision import jobs, queue, upload_jobs
from services.vision.darkroom import Darkroom
from services.vision.models import AnalysisJob
from services.vision.queue import Claim, LeaseLost
from services.vision.settings import VisionSettings
from services.vision.tests.conftest import MakeJob, events, job_of
from services.vision.tests.samples import jpeg
from services.vision.transformations import Transformations

SETTINGS = VisionSettings(cv_retry_delays_seconds=(5.0, 15.0, 45.0))


async def claim(db: Database, lease: float = 30.0) -> Claim | None:
    async with db.transaction() as session:
        return await queue.claim(session, lease)


async def claimed(db: Database, lease: float = 30.0) -> Claim:
    found = await claim(db, lease)
    assert found is not None
    return found


async def let_the_lease_run_out(db: Database, job_id: UUID) -> None:
    async with db.transaction() as session:
        await session.execute(
            update(AnalysisJob).where(AnalysisJob.id == job_id).values(lease_until=now() - timedelta(seconds=1))
        )


async def reap(db: Database) -> int:
    async with db.transaction() as session:
        return await queue.reap(session, SETTINGS)


async def fail_once(db: Database, held: Claim, *, is_final: bool = False) -> None:
    async with db.transaction() as session:
        job = await queue.hold(session, held)
        queue.count_failure(session, job, SETTINGS, reason="timeout", sentence="Later.", is_final=is_final)


async def test_a_claim_starts_the_job(db: Database, make_job: MakeJob) -> None:
    job_id = await make_job(jpeg())
    held = await claimed(db)
    job = await job_of(db, job_id)
    assert held.job.id == job_id
    assert (job.status, job.image_conversion_status) == ("processing", "processing")
    assert job.started_at is not None
    assert job.run_at is None
    assert await claim(db) is None


async def test_who_waited_longest_comes_first(db: Database, make_job: MakeJob) -> None:
    second = await make_job(jpeg())
    first = await make_job(jpeg(), run_at=now() - timedelta(minutes=1))
    await make_job(jpeg(), run_at=now() + timedelta(minutes=1))
    assert [(await claimed(db)).job.id for _ in range(2)] == [first, second]
    assert await claim(db) is None


async def test_many_workers_share_without_overlap(db: Database, make_job: MakeJob) -> None:
    jobs = {await make_job(jpeg()) for _ in range(12)}
    found = await asyncio.gather(*[claim(db) for _ in range(20)])
    taken = [held.job.id for held in found if held is not None]
    assert len(taken) == len(set(taken))
    while (held := await claim(db)) is not None:
        taken.append(held.job.id)
    assert sorted(taken) == sorted(jobs)


async def test_a_heartbeat_keeps_the_job(db: Database, make_job: MakeJob) -> None:
    job_id = await make_job(jpeg())
    held = await claimed(db)
    await let_the_lease_run_out(db, job_id)
    async with db.transaction() as session:
        await queue.extend(session, held, 30.0)
    assert await reap(db) == 0


async def test_a_dead_workers_job_goes_to_another(db: Database, make_job: MakeJob) -> None:
    job_id = await make_job(jpeg())
    dead = await claimed(db)
    await let_the_lease_run_out(db, job_id)
    assert await reap(db) == 1
    job = await job_of(db, job_id)
    assert (job.status, job.retry_count, job.interruptions) == ("processing", 0, 1)
    living = await claimed(db)
    assert living.token != dead.token
    # The first worker was only slow, and comes back.
    for change in (lambda session: queue.hold(session, dead), lambda session: queue.extend(session, dead, 30.0)):
        with pytest.raises(LeaseLost):
            async with db.transaction() as session:
                await change(session)
    async with db.transaction() as session:
        assert (await queue.hold(session, living)).id == job_id


async def test_a_picture_that_kills_workers_is_given_up(db: Database, make_job: MakeJob) -> None:
    """Not soon: workers that are killed every second (F22) must not cost anybody an acknowledged upload."""
    job_id = await make_job(jpeg())
    for _ in range(SETTINGS.cv_max_interruptions):
        assert (await job_of(db, job_id)).status != "failed"
        await claimed(db)
        await let_the_lease_run_out(db, job_id)
        assert await reap(db) == 1
    job = await job_of(db, job_id)
    assert (job.status, job.retry_count, job.image_conversion_status) == ("failed", 1, "failed")
    assert job.error_message
    assert job.completed_at is not None
    assert await claim(db) is None
    assert [event["reason"] for event in await events(db, "identification.failed")] == ["worker_died"]


async def test_pauses_between_attempts(db: Database, make_job: MakeJob) -> None:
    job_id = await make_job(jpeg())
    for attempt, pause in enumerate((5.0, 15.0), start=1):
        await fail_once(db, await claimed(db))
        job = await job_of(db, job_id)
        assert (job.status, job.retry_count, job.error_message) == ("processing", attempt, "")
        assert job.run_at is not None
        assert pause - 1 <= (job.run_at - now()).total_seconds() <= pause
        async with db.transaction() as session:
            await session.execute(update(AnalysisJob).values(run_at=now()))
    await fail_once(db, await claimed(db))
    job = await job_of(db, job_id)
    assert (job.status, job.retry_count, job.error_message, job.run_at) == ("failed", 3, "Later.", None)
    assert [event["version"] for event in await events(db)] == [2]


async def test_a_provider_that_wants_to_be_left_alone_is(db: Database, make_job: MakeJob) -> None:
    """H16: `Retry-After` makes a pause longer, never shorter."""
    job_id = await make_job(jpeg())
    for asked, pause in ((30.0, 30.0), (1.0, 15.0)):
        held = await claimed(db)
        async with db.transaction() as session:
            job = await queue.hold(session, held)
            queue.count_failure(
                session, job, SETTINGS, reason="rate_limited", sentence="Later.", is_final=False, not_before=asked
            )
        job = await job_of(db, job_id)
        assert job.run_at is not None
        assert pause - 1 <= (job.run_at - now()).total_seconds() <= pause
        async with db.transaction() as session:
            await session.execute(update(AnalysisJob).values(run_at=now()))


@pytest.mark.parametrize("minutes", [-5, 5])
async def test_a_wrong_clock_moves_no_job(
    db: Database, darkroom: Darkroom, monkeypatch: pytest.MonkeyPatch, minutes: int
) -> None:
    """H18: five minutes off, either way; when a job is due, and how long it pauses, is told by the database's clock."""
    for module in (jobs, queue):
        monkeypatch.setattr(module, "now", lambda: now() + timedelta(minutes=minutes))
    options = jobs.Options("fallback", "gpt-4o", "auto")
    async with db.transaction() as session:
        request = upload_jobs.Request(uuid4(), "0" * 64, options, Transformations(), {})
        job_id = await upload_jobs.start(session, darkroom, request, jpeg())
    await fail_once(db, await claimed(db))
    job = await job_of(db, job_id)
    assert job.run_at is not None
    assert 4 <= (job.run_at - now()).total_seconds() <= 5


async def test_what_cannot_get_better_fails_at_once(db: Database, make_job: MakeJob) -> None:
    job_id = await make_job(jpeg())
    await fail_once(db, await claimed(db), is_final=True)
    job = await job_of(db, job_id)
    assert (job.status, job.retry_count) == ("failed", 1)


async def test_a_worker_that_leaves_puts_its_job_back_untried(db: Database, make_job: MakeJob) -> None:
    job_id = await make_job(jpeg())
    held = await claimed(db)
    await make_job(jpeg())  # Came later, and stays behind it.
    async with db.transaction() as session:
        await queue.put_back(session, held)
    again = await claimed(db)
    assert (again.job.id, again.job.retry_count) == (job_id, 0)
