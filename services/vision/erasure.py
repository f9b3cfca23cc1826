"""A deleted player leaves nothing behind: jobs, conversions, pictures and their files (contract U4)."""

from uuid import UUID

from sqlalchemy import delete, select, union
from sqlalchemy.ext.asyncio import AsyncSession

from services.vision.cleaning import discard
from services.vision.models import AnalysisJob, ImageConversion, Picture


async def erase(session: AsyncSession, user_id: UUID) -> None:
    """Deletes the player's rows and notes their files for removal; may be called again."""
    its_own = (Picture.user_id == user_id, Picture.removed_at.is_(None))
    keys = await session.scalars(
        union(
            select(Picture.key).where(*its_own),
            select(Picture.rendition_key).where(*its_own),
            select(Picture.thumbnail_key).where(*its_own, Picture.thumbnail_key.is_not(None)),
            select(ImageConversion.original_key).where(ImageConversion.user_id == user_id),
            select(AnalysisJob.original_key).where(AnalysisJob.user_id == user_id),
        )
    )
    found = keys.all()
    for start in range(0, len(found), 1000):
        await discard(session, *found[start : start + 1000])
    for model in (AnalysisJob, ImageConversion, Picture):
        await session.execute(delete(model).where(model.user_id == user_id))
