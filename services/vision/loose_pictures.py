"""Pictures that hang on no job: one that comes with a dex entry itself, or an avatar (contract D2, U8, B4)."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from libs.contracts.event import Picture as PictureFact
from services.vision.cleaning import discard
from services.vision.darkroom import Darkroom, Source, key_of
from services.vision.models import Picture
from services.vision.pictures import MAX_SIDE, BadPicture
from services.vision.transformations import Transformations
from services.vision.uploads import refusal_of

AVATAR_SIDE: Final = 512
"""Pixels of an avatar's longest side: it is shown small, and often."""


async def store(
    session: AsyncSession, darkroom: Darkroom, user_id: UUID, data: bytes, source: Source, max_side: int = MAX_SIDE
) -> PictureFact:
    """Makes and keeps the PNG of an upload. Raises `ImageRefused`."""
    try:
        developed = await darkroom.develop(data, Transformations(), max_side)
    except BadPicture as error:
        raise refusal_of(error, darkroom.settings) from None
    picture = await darkroom.keep(user_id, developed, source)
    session.add(picture)
    await session.flush()
    return darkroom.fact(picture)


async def discard_avatars(session: AsyncSession, user_id: UUID, urls: Collection[str]) -> None:
    """Gives up the player's pictures under these addresses, as far as they are avatars."""
    if not urls:
        return
    gone = await session.scalars(
        delete(Picture)
        .where(Picture.user_id == user_id, Picture.key.in_([key_of(url) for url in urls]))
        .where(Picture.origin["source_type"].astext == "avatar")
        .returning(Picture)
    )
    for picture in gone.all():
        await discard(session, *picture.files)
