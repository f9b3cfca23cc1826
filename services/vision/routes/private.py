"""What only the other services may ask, with the player's own token; the gateway never leads here (design §5)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from libs.common.auth import Viewer
from libs.common.bodies import body
from libs.common.db import Session
from libs.common.errors import NotFound
from libs.contracts.event import Picture as PictureFact
from services.vision import dex_pictures, loose_pictures
from services.vision.darkroom import Pictures
from services.vision.schemas import PictureUpload, PrivateJob
from services.vision.uploads import read_upload

router = APIRouter(prefix="/internal", include_in_schema=False)


@router.get("/jobs/{job_id}/")
async def get_private_job(job_id: UUID, viewer: Viewer, session: Session, darkroom: Pictures) -> PrivateJob:
    """One of the player's jobs with its picture."""
    return await dex_pictures.job_with_picture(session, darkroom, viewer.id, job_id)


@router.post("/jobs/{job_id}/picture/")
async def make_job_picture(job_id: UUID, viewer: Viewer, session: Session, darkroom: Pictures) -> PictureFact:
    """The picture of a job whose conversion has failed: tried once more, now."""
    return await dex_pictures.picture_of_job(session, darkroom, viewer.id, job_id)


@router.post("/pictures/", status_code=201)
async def store_picture(
    data: Annotated[PictureUpload, body(PictureUpload)], viewer: Viewer, session: Session, darkroom: Pictures
) -> PictureFact:
    """Makes and keeps the PNG of an upload that belongs to a dex entry."""
    upload = await read_upload(data.image, darkroom.settings)
    return await loose_pictures.store(session, darkroom, viewer.id, upload, "dex_edit")


@router.post("/avatars/{user_id}/", status_code=201)
async def store_avatar(
    user_id: UUID,
    data: Annotated[PictureUpload, body(PictureUpload)],
    viewer: Viewer,
    session: Session,
    darkroom: Pictures,
) -> PictureFact:
    """Makes and keeps the PNG of a player's new avatar, for that player or for staff."""
    if user_id != viewer.id and not viewer.runs_the_place:
        raise NotFound("User")
    upload = await read_upload(data.image, darkroom.settings)
    return await loose_pictures.store(session, darkroom, user_id, upload, "avatar", loose_pictures.AVATAR_SIDE)
