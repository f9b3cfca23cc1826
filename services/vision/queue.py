"""The table of jobs as a queue: claims, leases, retries, and what to do about workers that died (contract B6).

A claim carries a token. Every later change by its worker locks the row under that token first, so a worker that was
slow, and whose job went to another one, can change nothing any more. When a job is due is told by the database's clock
alone: a machine whose clock is wrong would put its jobs off, or drop their pauses (hardening H18).
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import case, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.outbox import record
from libs.common.values import now
from libs.contracts.vision import IdentificationFailed
from services.vision import meters
from services.vision.models import AnalysisJob
from services.vision.settings import VisionSettings

PUT_OFF_FOR: Final = timedelta(days=1)
"""How long a job waits for money if nobody calls it back: by then all that was spent is too old to count."""
CALLED_BACK_AT_ONCE: Final = 50
WORKER_DIED: Final = "The analysis was interrupted too often. Please try again later."


class LeaseLost(Exception):
    """The job is in other hands, finished or gone: whatever this worker still wants to do, it may not."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One job in one worker's hands."""

    job: AnalysisJob
    """As it was when claimed; to be read only."""
    token: UUID


async def claim(session: AsyncSession, lease_seconds: float) -> Claim | None:
    """Takes the job that has waited longest, if there is one. Several workers never get the same."""
    token = uuid4()
    waiting = (
        select(AnalysisJob.id)
        .where(AnalysisJob.run_at <= func.now())
        .order_by(AnalysisJob.run_at, AnalysisJob.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    job = await session.scalar(
        update(AnalysisJob)
        .where(AnalysisJob.id == waiting.scalar_subquery())
        .values(
            status="processing",
            run_at=None,
            lease_token=token,
            lease_until=func.now() + timedelta(seconds=lease_seconds),
            started_at=func.coalesce(AnalysisJob.started_at, func.now()),
            image_conversion_status=case(
                (AnalysisJob.image_conversion_status == "pending", "processing"),
                else_=AnalysisJob.image_conversion_status,
            ),
        )
        .returning(AnalysisJob)
    )
    return None if job is None else Claim(job, token)


async def extend(session: AsyncSession, held: Claim, lease_seconds: float) -> None:
    """The heartbeat. Raises `LeaseLost` if the job is in other hands."""
    result = await session.execute(
        update(AnalysisJob)
        .where(AnalysisJob.id == held.job.id, AnalysisJob.lease_token == held.token)
        .values(lease_until=func.now() + timedelta(seconds=lease_seconds))
        .returning(AnalysisJob.id)
    )
    if result.one_or_none() is None:
        raise LeaseLost


async def hold(session: AsyncSession, held: Claim) -> AnalysisJob:
    """The job's row, locked for this transaction. Raises `LeaseLost` if it is in other hands."""
    job = await session.scalar(
        select(AnalysisJob)
        .where(AnalysisJob.id == held.job.id, AnalysisJob.lease_token == held.token)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if job is None:
        raise LeaseLost
    return job


async def put_back(session: AsyncSession, held: Claim) -> None:
    """Gives a claimed job back untried, before all that came after it: this worker is shutting down."""
    job = await hold(session, held)
    let_go(job)
    job.run_at = func.least(job.created_at, func.now())


async def put_off(session: AsyncSession, held: Claim) -> None:
    """Gives a claimed job back until there is money for it; it waits as if nobody had begun."""
    job = await hold(session, held)
    let_go(job)
    job.status = "pending"
    job.started_at = None
    job.run_at = func.now() + PUT_OFF_FOR


async def call_back(session: AsyncSession) -> int:
    """There is money again: those that have waited longest for it are due, a few at a time. Returns how many."""
    waiting = (
        select(AnalysisJob.id)
        # A job that pauses between attempts is `processing`.
        .where(AnalysisJob.run_at > func.now(), AnalysisJob.status == "pending")
        .order_by(AnalysisJob.created_at, AnalysisJob.id)
        .limit(CALLED_BACK_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    due = update(AnalysisJob).where(AnalysisJob.id.in_(waiting)).values(run_at=func.now()).returning(AnalysisJob.id)
    return len((await session.scalars(due)).all())


def let_go(job: AnalysisJob) -> None:
    """Ends the lease of a locked job."""
    job.lease_token = None
    job.lease_until = None


def count_failure(
    session: AsyncSession,
    job: AnalysisJob,
    settings: VisionSettings,
    *,
    reason: str,
    sentence: str,
    is_final: bool,
    not_before: float = 0.0,
) -> None:
    """One attempt of a locked job has failed: again after a pause, or for good.

    `not_before`: seconds for which the provider has asked to be left alone; the pause is no shorter.
    """
    let_go(job)
    job.retry_count = min(job.retry_count + 1, settings.cv_max_attempts)
    if not is_final and job.retry_count < settings.cv_max_attempts:
        delays = settings.cv_retry_delays_seconds
        pause = max(delays[min(job.retry_count, len(delays)) - 1], not_before)
        job.run_at = func.now() + timedelta(seconds=pause)
        return
    fail(session, job, reason=reason, sentence=sentence)


def fail(session: AsyncSession, job: AnalysisJob, *, reason: str, sentence: str) -> None:
    """Ends a locked job without a result, and tells so."""
    job.status = "failed"
    job.run_at = None
    job.error_message = sentence
    job.completed_at = now()
    if job.image_conversion_status in ("pending", "processing"):
        job.image_conversion_status = "failed"
    job.version += 1
    record(session, IdentificationFailed(id=job.id, version=job.version, user_id=job.user_id, reason=reason))
    meters.count_end(job)


async def reap(session: AsyncSession, settings: VisionSettings) -> int:
    """Takes jobs away from workers whose lease has run out. Returns how many.

    A worker's death is no failed attempt of the job: pictures are decoded and models are asked where neither can kill
    it. But a job that outlives too many is given up.
    """
    dead = await session.scalars(
        select(AnalysisJob)
        .where(AnalysisJob.lease_until < func.now())
        .order_by(AnalysisJob.lease_until)
        .limit(100)
        .with_for_update(skip_locked=True)
    )
    count = 0
    for job in dead:
        count += 1
        job.interruptions += 1
        if job.interruptions < settings.cv_max_interruptions:
            let_go(job)
            job.run_at = func.now()
        else:
            count_failure(session, job, settings, reason="worker_died", sentence=WORKER_DIED, is_final=True)
    return count
