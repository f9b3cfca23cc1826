"""Which files vision's records name, and that those of nobody go."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.blobs import PRIVATE, PUBLIC
from libs.common.recovery.audit import Finding, Named, Surroundings
from libs.common.recovery.leftovers import left_behind
from services.vision.models import AnalysisJob, DiscardedFile, ImageConversion, Picture, ProviderCall

BATCH: Final = 500
OVERDUE: Final = timedelta(minutes=1)

# What the upload's own event said of it.
ORIGINALS: Final = text("""
SELECT jobs.id, jobs.original_key, CASE WHEN outbox.forgotten_at IS NULL THEN
    convert_from(outbox.payload, 'UTF8')::jsonb END AS told
FROM analysis_jobs AS jobs LEFT JOIN outbox
    ON outbox.aggregate_type = 'image' AND outbox.aggregate_id = jobs.id AND outbox.subject = 'image.uploaded'
""")


async def files_of_pictures(session: AsyncSession) -> AsyncIterator[Named]:
    """All files of a picture that was not given up (contract B4)."""
    kept = select(Picture).where(Picture.removed_at.is_(None)).execution_options(yield_per=BATCH)
    async for picture in await session.stream_scalars(kept):
        yield Named(picture.key, f"picture {picture.id}", picture.size_bytes, picture.sha256)
        for key in picture.files[1:]:
            yield Named(key, f"picture {picture.id}")


async def originals(session: AsyncSession) -> AsyncIterator[Named]:
    """The uploads of conversions whose picture is there, and of jobs."""
    conversion = ImageConversion
    columns = (conversion.id, conversion.original_key, conversion.original_bytes, conversion.original_sha256)
    living = select(*columns).join(Picture, Picture.id == conversion.picture_id).where(Picture.removed_at.is_(None))
    async for row in await session.stream(living.execution_options(yield_per=BATCH)):
        yield Named(row.original_key, f"conversion {row.id}", row.original_bytes, row.original_sha256)
    async for row in await session.stream(ORIGINALS.execution_options(yield_per=BATCH)):
        told = row.told or {}
        yield Named(row.original_key, f"job {row.id}", told.get("size_bytes"), told.get("checksum"))


async def discarded(session: AsyncSession) -> AsyncIterator[Named]:
    """Files that are on their way out."""
    async for key in await session.stream_scalars(select(DiscardedFile.key)):
        yield Named(key, "the list of what is to be removed", must_be=False)


async def uploads_are_private(session: AsyncSession, _surroundings: Surroundings) -> AsyncIterator[Finding]:
    """Nothing but standard pictures and thumbnails lies where anybody may read it (contract B4)."""
    for model, column, prefix in (
        (AnalysisJob, AnalysisJob.original_key, PRIVATE),
        (ImageConversion, ImageConversion.original_key, PRIVATE),
        (Picture, Picture.rendition_key, PRIVATE),
        (Picture, Picture.key, PUBLIC),
    ):
        for row in await session.execute(select(model.id, column).where(~column.startswith(prefix)).limit(BATCH)):
            yield f"place/{row[1]}", f"{row[1]} of {model.__tablename__} {row[0]} does not lie under {prefix}"


async def discarded_files_go(session: AsyncSession, _surroundings: Surroundings) -> AsyncIterator[Finding]:
    """What is to be removed is removed within a minute (contract U4)."""
    late = DiscardedFile.discarded_at < func.now() - OVERDUE
    for key in await session.scalars(select(DiscardedFile.key).where(late).limit(BATCH)):
        yield f"discarded/{key}", f"{key} was given up more than a minute ago, and is not removed"


async def nothing_is_left_of_a_player(session: AsyncSession, _surroundings: Surroundings) -> AsyncIterator[Finding]:
    """Jobs, conversions and pictures go, and with the rows the files (contract U4)."""
    for key, person in (
        (AnalysisJob.id, AnalysisJob.user_id),
        (ImageConversion.id, ImageConversion.user_id),
        (Picture.id, Picture.user_id),
        (ProviderCall.id, ProviderCall.user_id),
    ):
        async for finding in left_behind(session, key, person):
            yield finding
