"""A deleted player leaves nothing behind: jobs, conversions, pictures and their files (contract U4).

What their paid calls cost stays noted for a day, without a name: else whoever leaves would give the money back.
"""

from uuid import UUID

from sqlalchemy import delete, select, union, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.vision.cleaning import discard
from services.vision.models import AnalysisJob, ImageConversion, Picture, ProviderCall


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
    # Only now: a worker that holds a job may have noted a call until its row was gone. What it cost counts on.
    await session.execute(update(ProviderCall).where(ProviderCall.user_id == user_id).values(user_id=None))
