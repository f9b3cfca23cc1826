"""Pictures of jobs, for the dex entries that are made from them (contract D2, B4)."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.errors import NotFound
from libs.contracts.event import Picture as PictureFact
from services.vision.darkroom import Darkroom
from services.vision.identification import hang
from services.vision.jobs import own_job
from services.vision.models import AnalysisJob, Picture
from services.vision.pictures import BadPicture
from services.vision.schemas import PrivateJob
from services.vision.transformations import Transformations
from services.vision.uploads import INVALID, ImageRefused


async def job_with_picture(session: AsyncSession, darkroom: Darkroom, user_id: UUID, job_id: UUID) -> PrivateJob:
    """A user's own job. Raises `NotFound`."""
    found = await session.execute(
        select(AnalysisJob.user_id, AnalysisJob.status, Picture)
        .outerjoin(Picture, Picture.id == AnalysisJob.picture_id)
        .where(AnalysisJob.id == job_id, AnalysisJob.user_id == user_id)
    )
    row = found.one_or_none()
    if row is None:
        raise NotFound("AnalysisJob")
    picture = None if row.Picture is None else darkroom.fact(row.Picture)
    return PrivateJob(id=job_id, user_id=row.user_id, status=row.status, picture=picture)


async def picture_of_job(session: AsyncSession, darkroom: Darkroom, user_id: UUID, job_id: UUID) -> PictureFact:
    """The picture of a user's own job; made of its upload now if there is none.

    Raises:
        NotFound: no such job of this user.
        ImageRefused: no picture can be made of it.
    """
    job = await own_job(session, user_id, job_id)
    if job.picture_id is not None:
        return darkroom.fact(await session.get_one(Picture, job.picture_id))
    original = await darkroom.blobs.get(job.original_key)
    try:
        developed = await darkroom.develop(original, Transformations.from_json(job.transformations))
    except BadPicture:
        raise ImageRefused(INVALID) from None
    picture = await darkroom.keep(user_id, developed, "vision_job")
    await hang(session, darkroom, job, picture, unchanged=developed.unchanged)
    return darkroom.fact(picture)
