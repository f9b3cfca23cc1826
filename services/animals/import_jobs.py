"""The record of imports: when one may begin, how far it is, and how it ended (contract B11)."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.errors import Refusal
from libs.common.values import now
from services.animals.merging import Merged
from services.animals.models import ImportJob

FRESH: Final = timedelta(days=30)
ENDED: Final = ("completed", "failed", "cancelled")
INTERRUPTED: Final = "The import was interrupted; nothing of it was kept."


class ImportedLately(Refusal):
    """A complete import is younger than 30 days; it may be forced."""

    status = 409

    def __init__(self, job: ImportJob) -> None:
        assert job.completed_at is not None
        super().__init__(
            f"{job.release or job.file_name} was imported on {job.completed_at:%Y-%m-%d}, less than {FRESH.days} days"
            " ago. Force the import to do it again."
        )


async def begin(session: AsyncSession, source: str, file_name: str, *, force: bool) -> ImportJob:
    """A new job. Whoever calls this holds the lock of imports: jobs that seem to run were killed.

    Raises:
        ImportedLately: and not forced.
    """
    await session.execute(
        update(ImportJob)
        .where(ImportJob.source == source, ImportJob.status.not_in(ENDED))
        .values(status="failed", error_log=INTERRUPTED, updated_at=now())
    )
    if not force:
        lately = await session.scalar(
            select(ImportJob)
            .where(ImportJob.source == source, ImportJob.status == "completed", ImportJob.completed_at > now() - FRESH)
            .order_by(ImportJob.completed_at.desc())
            .limit(1)
        )
        if lately is not None:
            raise ImportedLately(lately)
    job = ImportJob(source=source, file_name=file_name[:255], status="processing")
    session.add(job)
    await session.flush()
    return job


async def advance(session: AsyncSession, job_id: UUID, status: str, *, rows_read: int, rows_skipped: int) -> None:
    """Writes down how far the job is."""
    await _write(session, job_id, status=status, rows_read=rows_read, rows_skipped=rows_skipped)


async def complete(session: AsyncSession, job_id: UUID, release: str, merged: Merged) -> None:
    """The job's last word, in the very transaction of its merge: there is no complete job without its taxa."""
    await _write(
        session,
        job_id,
        status="completed",
        release=release,
        completed_at=now(),
        taxa=merged.taxa,
        common_names=merged.common_names,
        distributions=merged.distributions,
        name_relations=merged.name_relations,
    )


async def fail(session: AsyncSession, job_id: UUID, reason: str, *, cancelled: bool = False) -> None:
    await _write(session, job_id, status="cancelled" if cancelled else "failed", error_log=reason)


async def latest(session: AsyncSession, limit: int = 10) -> list[ImportJob]:
    """The newest jobs first."""
    query = select(ImportJob).order_by(ImportJob.created_at.desc(), ImportJob.id).limit(limit)
    return list(await session.scalars(query))


async def _write(session: AsyncSession, job_id: UUID, **values: object) -> None:
    await session.execute(update(ImportJob).where(ImportJob.id == job_id).values(**values, updated_at=now()))
