"""Where uploads become pictures and are kept: the decoder on one side, the blob store on the other."""

import asyncio
from hashlib import sha256
from typing import Annotated, Final
from uuid import UUID, uuid4

from fastapi import Depends, Request

from libs.common.blobs import Blobs
from libs.contracts.event import Picture as PictureFact
from services.vision.decoder import Decoder
from services.vision.models import Picture
from services.vision.pictures import Inspected, Standardized
from services.vision.settings import VisionSettings
from services.vision.transformations import Transformations

ORIGINALS: Final = "private/originals/"
RENDITIONS: Final = "private/renditions/"


class Darkroom:
    """Bytes in, stored files out. Files are written before the row that names them, never the other way round."""

    def __init__(self, settings: VisionSettings, blobs: Blobs) -> None:
        self.settings = settings
        self.blobs = blobs
        self.decoder = Decoder(
            children=settings.decoder_children,
            max_waiting=settings.decoder_max_waiting,
            memory_mb=settings.decoder_memory_mb,
            timeout_seconds=settings.decoder_timeout_seconds,
            max_pixels=settings.max_image_pixels,
        )

    async def inspect(self, data: bytes) -> Inspected:
        """A cheap look. Raises `BadPicture` in its kinds, `Unavailable` when too many wait."""
        return await self.decoder.inspect(data)

    async def develop(self, data: bytes, wished: Transformations) -> Standardized:
        """The standard picture. Raises as `inspect`."""
        return await self.decoder.standardize(data, wished.rotation, wished.crop)

    async def keep(self, user_id: UUID, developed: Standardized) -> Picture:
        """Stores the files under new unguessable names; the row is the caller's to add."""
        name = uuid4().hex
        picture = Picture(
            id=uuid4(),
            user_id=user_id,
            key=f"media/{name[:2]}/{name}.png",
            rendition_key=f"{RENDITIONS}{uuid4().hex}.jpg",
            sha256=developed.sha256,
            width=developed.size[0],
            height=developed.size[1],
            size_bytes=len(developed.png),
        )
        await asyncio.gather(
            self.blobs.put(picture.key, developed.png), self.blobs.put(picture.rendition_key, developed.rendition)
        )
        return picture

    async def keep_original(self, data: bytes) -> str:
        """Stores an upload as it came, where nobody outside can reach it; returns its key."""
        key = f"{ORIGINALS}{uuid4().hex}"
        await self.blobs.put(key, data)
        return key

    def fact(self, picture: Picture) -> PictureFact:
        """The picture as events and other services know it."""
        return PictureFact(
            url=self.blobs.url(picture.key),
            sha256=picture.sha256,
            width=picture.width,
            height=picture.height,
            created_at=picture.created_at,
        )


async def checksum(data: bytes) -> str:
    """sha256 in hex, off the event loop: an upload may be large."""
    return await asyncio.to_thread(lambda: sha256(data).hexdigest())


async def _darkroom(request: Request) -> Darkroom:
    darkroom: Darkroom = request.app.state.darkroom
    return darkroom


Pictures = Annotated[Darkroom, Depends(_darkroom)]
