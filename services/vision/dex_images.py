"""Who may see a job's picture: its owner, and whoever may see a dex entry made from the job (contract V10, B7)."""

from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, false, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.auth import Player
from libs.common.errors import NotFound
from services.vision.models import AnalysisJob, Picture, RefDexEntry, RefFriendship


async def dex_image(session: AsyncSession, viewer: Player, job_id: UUID) -> Picture:
    """The picture of a job, as far as `viewer` may see it. Raises `NotFound`."""
    picture = await session.scalar(
        select(Picture)
        .join(AnalysisJob, AnalysisJob.picture_id == Picture.id)
        .where(AnalysisJob.id == job_id, Picture.removed_at.is_(None))
        .where(or_(AnalysisJob.user_id == viewer.id, _entry_visible_to(viewer)))
    )
    if picture is None:
        raise NotFound("AnalysisJob")
    return picture


def _entry_visible_to(viewer: Player) -> ColumnElement[bool]:
    """Some living entry of the job: the viewer's own, a friend's for friends, or a public one; any for staff."""
    may_see = or_(
        true() if viewer.runs_the_place else false(),
        RefDexEntry.owner_id == viewer.id,
        RefDexEntry.visibility == "public",
        and_(RefDexEntry.visibility == "friends", _related(viewer.id, "accepted")),
    )
    return exists().where(RefDexEntry.job_id == AnalysisJob.id, RefDexEntry.deleted_at.is_(None), may_see)


def _related(viewer_id: UUID, status: str) -> ColumnElement[bool]:
    """Whether viewer and owner of the entry stand in this relation, whoever asked first."""
    one_way = and_(RefFriendship.from_user == viewer_id, RefFriendship.to_user == RefDexEntry.owner_id)
    other_way = and_(RefFriendship.to_user == viewer_id, RefFriendship.from_user == RefDexEntry.owner_id)
    living = and_(RefFriendship.status == status, RefFriendship.deleted_at.is_(None))
    return exists().where(living, or_(one_way, other_way)).correlate(RefDexEntry)
