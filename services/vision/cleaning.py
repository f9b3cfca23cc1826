"""What nobody needs any more goes; what somebody waits for too long is said again (contract B4, B6)."""

from datetime import timedelta
from typing import Final

from sqlalchemy import ColumnElement, delete, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.blobs import Blobs
from libs.common.db import Database
from libs.common.logs import log
from libs.common.values import now
from services.vision import meters
from services.vision.bounds import WINDOW
from services.vision.darkroom import Darkroom
from services.vision.identification import announce_names
from services.vision.models import AnalysisJob, DiscardedFile, ImageConversion, Picture, ProviderCall, RefDexEntry
from services.vision.settings import VisionSettings

GRACE: Final = timedelta(minutes=1)
UNUSED_FOR: Final = timedelta(hours=1)
BATCH: Final = 100


async def announce_again(session: AsyncSession, darkroom: Darkroom, settings: VisionSettings) -> int:
    """Jobs that wait too long for `animal.identified`: their names are announced anew, never identified again."""
    patience = timedelta(seconds=settings.cv_answer_patience_seconds)
    waiting = await session.scalars(
        select(AnalysisJob)
        .where(AnalysisJob.status == "processing", AnalysisJob.announced_at < now() - patience)
        .order_by(AnalysisJob.announced_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    count = 0
    for job in waiting:
        count += 1
        await announce_names(session, darkroom, job)
    meters.unanswered.set(count)
    if count:
        log.warning("jobs.announced_again", count=count)
    return count


async def clean(db: Database) -> None:
    """One round: lets go of expired conversions, forgets old ones, and what was spent for players who have gone."""
    async with db.transaction() as session:
        await discard_expired_conversions(session)
        await forget_unused_conversions(session)
        await forget_calls_for_nobody(session)


async def remove_all_discarded_files(db: Database, blobs: Blobs) -> None:
    """Removes what has been discarded so far: the pictures of a deleted player go within seconds."""
    while True:
        async with db.transaction() as session:
            if await remove_discarded_files(session, blobs) < BATCH:
                break


async def discard_expired_conversions(session: AsyncSession) -> int:
    """Gives up the files of expired conversions that no job and no living dex entry names; the rows stay."""
    expired = (
        await session.execute(
            select(Picture, ImageConversion.original_key)
            .join(ImageConversion, ImageConversion.picture_id == Picture.id)
            .where(ImageConversion.expires_at < now() - GRACE, ImageConversion.used_in_job.is_(False))
            .where(Picture.removed_at.is_(None), ~_named_by_a_job(), ~_shown_by_an_entry())
            .order_by(ImageConversion.expires_at)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        )
    ).all()
    for picture, original_key in expired:
        picture.removed_at = now()
        await discard(session, *picture.files, original_key)
    await session.flush()
    return len(expired)


async def forget_unused_conversions(session: AsyncSession) -> None:
    """Deletes the rows of never-used conversions whose files are gone; their pictures' rows with them."""
    forgotten = (
        select(ImageConversion.picture_id)
        .join(Picture, Picture.id == ImageConversion.picture_id)
        .where(ImageConversion.used_in_job.is_(False), ImageConversion.created_at < now() - UNUSED_FOR)
        .where(Picture.removed_at.is_not(None))
    )
    await session.execute(delete(Picture).where(Picture.id.in_(forgotten)))


async def forget_calls_for_nobody(session: AsyncSession) -> None:
    """Deletes the notes of calls whose players have gone, once they count no more."""
    gone = ProviderCall.job_id.is_(None), ProviderCall.started_at < func.now() - WINDOW
    await session.execute(delete(ProviderCall).where(*gone))


async def discard(session: AsyncSession, *keys: str) -> None:
    """Notes files for removal, in the transaction that lets go of them."""
    if keys:
        rows = [{"key": key, "discarded_at": now()} for key in dict.fromkeys(keys)]
        await session.execute(insert(DiscardedFile).values(rows).on_conflict_do_nothing())


async def remove_discarded_files(session: AsyncSession, blobs: Blobs) -> int:
    """Removes noted files from the store; a note goes only after its file."""
    keys = (
        await session.scalars(
            select(DiscardedFile.key)
            .order_by(DiscardedFile.discarded_at)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        )
    ).all()
    for key in keys:
        await blobs.delete(key)
    await session.execute(delete(DiscardedFile).where(DiscardedFile.key.in_(keys)))
    return len(keys)


def _named_by_a_job() -> ColumnElement[bool]:
    return exists().where(AnalysisJob.picture_id == Picture.id)


def _shown_by_an_entry() -> ColumnElement[bool]:
    return exists().where(RefDexEntry.picture_key == Picture.key, RefDexEntry.deleted_at.is_(None))
