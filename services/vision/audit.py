"""What must hold of jobs and pictures besides what was told of them."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.recovery.audit import Audit, Finding, Surroundings
from services.vision.models import AnalysisJob, Picture

BATCH: Final = 500
OVERDUE: Final = timedelta(minutes=1)
"""How long after the end of a lease a job may still be in a dead worker's hands."""
FOR_EVER: Final = timedelta(hours=1)
"""A job that nobody has ended by then is stuck, however it got there."""

audit = Audit()


@audit.asks
async def no_job_is_stuck(session: AsyncSession, _surroundings: Surroundings) -> AsyncIterator[Finding]:
    """An unfinished job is in the queue, in living hands, or waiting for its animals; a finished one is in none."""
    unfinished = AnalysisJob.status.in_(("pending", "processing"))
    in_no_hands = (
        AnalysisJob.run_at.is_(None) & AnalysisJob.lease_until.is_(None) & AnalysisJob.announced_version.is_(None)
    )
    dead_hands = AnalysisJob.lease_until < func.now() - OVERDUE
    worked_on = AnalysisJob.run_at.is_not(None) | AnalysisJob.lease_until.is_not(None)
    old = AnalysisJob.created_at < func.now() - FOR_EVER
    jobs = select(AnalysisJob.id, AnalysisJob.status).where(
        or_(unfinished & or_(in_no_hands, dead_hands, old), ~unfinished & worked_on)
    )
    for job in await session.execute(jobs.order_by(AnalysisJob.id).limit(BATCH)):
        yield f"job/{job.id}", f"job {job.id} is {job.status} and nobody will end it, or it is ended and still queued"


@audit.asks
async def every_picture_has_its_files(session: AsyncSession, surroundings: Surroundings) -> AsyncIterator[Finding]:
    """All files of a picture that was not given up are in the blob store (contract B4)."""
    kept = select(Picture).where(Picture.removed_at.is_(None)).order_by(Picture.id)
    pictures = await session.stream_scalars(kept, execution_options={"yield_per": BATCH})
    async for some in pictures.partitions():
        named = {key: picture.id for picture in some for key in picture.files}
        for key in await surroundings.missing(named):
            yield f"file/{key}", f"picture {named[key]} lacks its file {key}"
