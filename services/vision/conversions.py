"""An upload becomes a picture that its owner can look at, turn and then have identified (contract I1-I3)."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.errors import NotFound, Refusal
from libs.common.values import now
from services.vision.darkroom import Darkroom
from services.vision.models import ImageConversion, Picture
from services.vision.pictures import BadPicture
from services.vision.transformations import Transformations
from services.vision.uploads import refusal_of

LIFETIME: Final = timedelta(minutes=30)


class ConversionExpired(Refusal):
    status = 410
    sentence = "This conversion has expired"


async def find_repeat(
    session: AsyncSession, user_id: UUID, sha256: str, wished: Transformations
) -> tuple[ImageConversion, Picture] | None:
    """The living conversion of the same upload with the same wishes: the client repeats what timed out."""
    found = await session.execute(
        _with_picture()
        .where(
            ImageConversion.user_id == user_id,
            ImageConversion.original_sha256 == sha256,
            ImageConversion.transformations == wished.as_json(),
            ImageConversion.expires_at > now(),
        )
        .order_by(ImageConversion.created_at.desc())
        .limit(1)
    )
    row = found.one_or_none()
    return None if row is None else (row[0], row[1])


async def convert(
    session: AsyncSession, darkroom: Darkroom, user_id: UUID, data: bytes, sha256: str, wished: Transformations
) -> tuple[ImageConversion, Picture]:
    """Converts and stores one upload. The decoding comes before the first statement of the transaction.

    Raises:
        ImageRefused: not a picture that can be taken; nothing is stored then.
        Unavailable: too many pictures are waiting.
    """
    try:
        developed = await darkroom.develop(data, wished)
    except BadPicture as error:
        raise refusal_of(error, darkroom.settings) from None
    picture = await darkroom.keep(user_id, developed, "user_upload")
    moment = now()
    conversion = ImageConversion(
        id=uuid4(),
        user_id=user_id,
        picture_id=picture.id,
        original_key=await darkroom.keep_original(data),
        original_sha256=sha256,
        original_format=developed.original_format,
        original_width=developed.original_size[0],
        original_height=developed.original_size[1],
        original_bytes=len(data),
        transformations=wished.as_json(),
        transformations_applied=developed.applied,
        created_at=moment,
        expires_at=moment + LIFETIME,
    )
    session.add(picture)
    await session.flush()
    session.add(conversion)
    await session.flush()
    return conversion, picture


async def conversion_of(session: AsyncSession, user_id: UUID, conversion_id: UUID) -> tuple[ImageConversion, Picture]:
    """A user's own conversion, expired or not.

    Raises:
        NotFound: no such conversion of this user.
    """
    found = await session.execute(
        _with_picture().where(ImageConversion.id == conversion_id, ImageConversion.user_id == user_id)
    )
    row = found.one_or_none()
    if row is None:
        raise NotFound("ImageConversion")
    return row[0], row[1]


async def downloadable(session: AsyncSession, user_id: UUID, conversion_id: UUID) -> Picture:
    """The picture of a user's own living conversion.

    Raises:
        NotFound: no such conversion of this user.
        ConversionExpired: older than half an hour.
    """
    conversion, picture = await conversion_of(session, user_id, conversion_id)
    if conversion.expires_at <= now():
        raise ConversionExpired
    return picture


def _with_picture() -> Any:
    return select(ImageConversion, Picture).join(Picture, Picture.id == ImageConversion.picture_id)
