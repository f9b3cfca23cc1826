"""Jobs: which animal is this? (contract V)"""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from libs.common.auth import Viewer
from libs.common.blobs import BlobStore
from libs.common.bodies import body
from libs.common.db import Database, Session
from libs.common.errors import FieldErrors
from libs.common.pages import Listed, Page, Paging
from services.vision import bounds, job_views, jobs, upload_jobs
from services.vision.darkroom import Darkroom, Pictures, checksum
from services.vision.dex_images import dex_image
from services.vision.pictures import BadPicture
from services.vision.routes.images import NOT_YOURS, Png, as_png
from services.vision.schemas import Job, JobListItem, JobRequest, JobStats, RetryRequest, Selection
from services.vision.together import Turns
from services.vision.transformations import read_job_transformations
from services.vision.uploads import read_upload, refusal_of

router = APIRouter(prefix="/api/v1/vision/jobs", tags=["vision"])


_uploading: Final = Turns()


@router.post(
    "/", status_code=201, responses={200: {"model": Job, "description": "The unfinished job of the same conversion"}}
)
async def create_job(
    data: Annotated[JobRequest, body(JobRequest)],
    viewer: Viewer,
    session: Session,
    darkroom: Pictures,
    request: Request,
    response: Response,
) -> Job:
    """Asks which animal a picture shows. A request that is repeated while its job is unfinished gets that job: with 200
    if it names a conversion; with 201 like the first time if it brings the picture, for five minutes.
    """
    options = jobs.Options.chosen(darkroom.settings, data.cv_method, data.model_name, data.detail_level)
    applied = jobs.read_stored_object("post_conversion_transformations", data.post_conversion_transformations)
    if data.conversion_id is not None:
        conversion_id = _uuid("conversion_id", data.conversion_id)
        job_id, is_new = await jobs.start_from_conversion(
            session, darkroom.settings, viewer.id, conversion_id, options, applied
        )
        response.status_code = 201 if is_new else 200
    elif data.image is not None:
        wished = read_job_transformations(data.transformations)
        upload = await read_upload(data.image, darkroom.settings)
        asked = upload_jobs.Request(viewer.id, await checksum(upload), options, wished, applied)
        job_id = await _start_from_upload(request.app.state.service.db, session, darkroom, asked, upload)
    else:
        raise FieldErrors.of_all("Either conversion_id or image must be provided")
    return await job_views.show(session, darkroom.blobs, viewer.id, job_id)


async def _start_from_upload(
    db: Database, session: Session, darkroom: Darkroom, asked: upload_jobs.Request, upload: bytes
) -> UUID:
    # Sessions of their own: the transaction must not stand open while the picture is looked at.
    async with db.reading() as reading:
        if (repeated := await upload_jobs.find_repeated(reading, asked)) is not None:
            return repeated
        await bounds.look_at_calls_of_player(reading, darkroom.settings, asked.user_id, asked.options.method)
    try:
        await darkroom.inspect_once(upload, asked.sha256)
    except BadPicture as error:
        raise refusal_of(error, darkroom.settings) from None
    async with _uploading.take(asked.key):
        async with db.reading() as reading:
            repeated = await upload_jobs.find_repeated(reading, asked)
        return repeated or await upload_jobs.start(session, darkroom, asked, upload)


@router.get("/")
async def list_jobs(
    viewer: Viewer,
    session: Session,
    paging: Paging,
    status: Annotated[str | None, Query()] = None,
    cv_method: Annotated[str | None, Query()] = None,
    ordering: Annotated[str, Query()] = "",
) -> Page[JobListItem]:
    """The player's own jobs, newest first."""
    query = job_views.listed(viewer.id, status=status, cv_method=cv_method, ordering=ordering)
    return await paging.of(session, query, job_views.list_item)


@router.get("/completed/")
async def list_completed_jobs(viewer: Viewer, session: Session, paging: Paging) -> Page[JobListItem]:
    """The player's completed jobs."""
    query = job_views.listed(viewer.id, status="completed", cv_method=None)
    return await paging.of(session, query, job_views.list_item)


@router.get("/pending/")
async def list_pending_jobs(viewer: Viewer, session: Session) -> Listed[JobListItem]:
    """The player's jobs that no worker has taken yet."""
    return await job_views.list_all(session, viewer.id, "pending")


@router.get("/processing/")
async def list_processing_jobs(viewer: Viewer, session: Session) -> Listed[JobListItem]:
    """The player's jobs that are being worked on."""
    return await job_views.list_all(session, viewer.id, "processing")


@router.get("/failed/")
async def list_failed_jobs(viewer: Viewer, session: Session) -> Listed[JobListItem]:
    """The player's jobs that have failed."""
    return await job_views.list_all(session, viewer.id, "failed")


@router.get("/stats/")
async def get_job_stats(viewer: Viewer, session: Session) -> JobStats:
    """How many jobs the player has, and what they cost."""
    return await job_views.stats(session, viewer.id)


@router.get("/{job_id:uuid}/", responses=NOT_YOURS)
async def get_job(job_id: UUID, viewer: Viewer, session: Session, blobs: BlobStore) -> Job:
    """One job of the player; asked for every two seconds until it is done."""
    return await job_views.show(session, blobs, viewer.id, job_id)


@router.post("/{job_id:uuid}/retry/", responses=NOT_YOURS)
async def retry_job(
    job_id: UUID,
    data: Annotated[RetryRequest, body(RetryRequest)],
    viewer: Viewer,
    session: Session,
    darkroom: Pictures,
) -> Job:
    """Gives a failed job all its attempts again; new transformations make a new picture of the original."""
    wished = None if data.transformations in (None, "") else read_job_transformations(data.transformations)
    await jobs.retry(session, darkroom.settings, await jobs.own_job(session, viewer.id, job_id), wished)
    return await job_views.show(session, darkroom.blobs, viewer.id, job_id)


@router.post("/{job_id:uuid}/select_animal/", responses=NOT_YOURS)
async def select_animal(
    job_id: UUID, data: Annotated[Selection, body(Selection)], viewer: Viewer, session: Session, blobs: BlobStore
) -> Job:
    """The player says which of several detected animals it is."""
    job = await jobs.own_job(session, viewer.id, job_id)
    await jobs.select_animal(session, job, data.animal_index, data.animal_id)
    return await job_views.show(session, blobs, viewer.id, job_id)


@router.get(
    "/{job_id:uuid}/dex-image/", response_class=Png, responses={404: {"description": "Not there, or not visible"}}
)
async def get_dex_image(job_id: UUID, viewer: Viewer, session: Session, blobs: BlobStore) -> Response:
    """The job's PNG, for its owner and for everybody who may see a dex entry made from it."""
    picture = await dex_image(session, viewer, job_id)
    return await as_png(blobs, picture, f"dex_{job_id}.png", **{"Cache-Control": "private, max-age=31536000"})


def _uuid(field: str, value: Any) -> UUID:
    try:
        return UUID(value) if isinstance(value, str) else UUID(int=-1)
    except ValueError:
        raise FieldErrors({field: ["Must be a valid UUID."]}) from None
