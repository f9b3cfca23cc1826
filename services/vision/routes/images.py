"""Pictures before they are identified (contract I1-I4)."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from libs.common.auth import Viewer
from libs.common.blobs import BlobStore
from libs.common.bodies import body
from libs.common.db import Session
from services.vision import conversions
from services.vision.darkroom import Pictures, checksum
from services.vision.models import Picture
from services.vision.schemas import Conversion, ConversionRequest
from services.vision.transformations import read_transformations
from services.vision.uploads import read_upload

router = APIRouter(prefix="/api/v1/images/convert", tags=["images"])

NOT_YOURS: dict[int | str, dict[str, Any]] = {404: {"description": "Not there, or not the caller's own"}}


class Png(StreamingResponse):
    """A stored picture, to be shown and not saved."""

    media_type = "image/png"


@router.post(
    "/", status_code=201, responses={200: {"model": Conversion, "description": "The same upload was converted before"}}
)
async def convert_image(
    data: Annotated[ConversionRequest, body(ConversionRequest)],
    viewer: Viewer,
    session: Session,
    darkroom: Pictures,
    request: Request,
    response: Response,
) -> Conversion:
    """Turns an upload into a PNG as the dex shows it; 200 with the earlier one when an upload is repeated."""
    wished = read_transformations(data.transformations)
    upload = await read_upload(data.image, darkroom.settings)
    sha256 = await checksum(upload)
    # A session of its own: the transaction must not stand open while the picture is decoded.
    async with request.app.state.service.db.reading() as reading:
        found = await conversions.find_repeat(reading, viewer.id, sha256, wished)
    if found is not None:
        response.status_code = 200
    else:
        found = await conversions.convert(session, darkroom, viewer.id, upload, sha256, wished)
    return Conversion.of(*found, darkroom.settings.public_base_url)


@router.get("/{conversion_id:uuid}/", responses=NOT_YOURS)
async def get_conversion(conversion_id: UUID, viewer: Viewer, session: Session, darkroom: Pictures) -> Conversion:
    """What was converted, also after it has expired; for its owner only."""
    found = await conversions.conversion_of(session, viewer.id, conversion_id)
    return Conversion.of(*found, darkroom.settings.public_base_url)


@router.get(
    "/{conversion_id}/download/",
    response_class=Png,
    responses={**NOT_YOURS, 410: {"description": "Older than half an hour"}},
)
async def download_conversion(conversion_id: UUID, viewer: Viewer, session: Session, blobs: BlobStore) -> Response:
    """The converted PNG; 410 after half an hour."""
    picture = await conversions.downloadable(session, viewer.id, conversion_id)
    return await as_png(blobs, picture, f"conversion_{conversion_id}.png")


async def as_png(blobs: BlobStore, picture: Picture, name: str, **headers: str) -> Response:
    """A stored picture as an answer."""
    found = await blobs.open(picture.key)
    return Png(
        found.chunks,
        headers={
            "Content-Length": str(found.size),
            "Content-Disposition": f'inline; filename="{name}"',
            **headers,
        },
    )
