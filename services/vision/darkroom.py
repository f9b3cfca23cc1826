"""Where uploads become pictures and are kept: the decoder on one side, the blob store on the other."""

import asyncio
from hashlib import sha256
from typing import Annotated, Final, Literal
from uuid import UUID, uuid4

from fastapi import Depends, Request

from libs.common.blobs import PUBLIC, Blobs
from libs.contracts.event import Picture as PictureFact
from services.vision.decoder import Decoder
from services.vision.models import Picture
from services.vision.pictures import MAX_SIDE, Inspected, Standardized
from services.vision.settings import VisionSettings
from services.vision.together import Once
from services.vision.transformations import Transformations

ORIGINALS: Final = "private/originals/"
RENDITIONS: Final = "private/renditions/"

Source = Literal["user_upload", "vision_job", "dex_edit", "avatar"]
"""Whence a picture comes, in the words of contract M: a conversion, a job, an entry's own upload; and avatars."""


class Darkroom:
    """Bytes in, stored files out. Files are written before the row that names them, never the other way round."""

    def __init__(self, settings: VisionSettings, blobs: Blobs) -> None:
        self.settings = settings
        self.blobs = blobs
        self.decoder = Decoder(
            children=settings.decoder_children,
            max_waiting=settings.decoder_max_waiting,
            memory_mb=settings.decoder_memory_mb,
            cpu_seconds=settings.decoder_cpu_seconds,
            timeout_seconds=settings.decoder_timeout_seconds,
            max_pixels=settings.max_image_pixels,
        )
        self._looks = Once[Inspected]()

    async def inspect(self, data: bytes) -> Inspected:
        """A cheap look. Raises `BadPicture` in its kinds, `Unavailable` when too many wait."""
        return await self.decoder.inspect(data)

    async def inspect_once(self, data: bytes, sha256: str) -> Inspected:
        """As `inspect`; the same bytes, sent several times at once, take one place in the decoder."""
        return await self._looks.ask(sha256, lambda: self.inspect(data))

    async def develop(self, data: bytes, wished: Transformations, max_side: int = MAX_SIDE) -> Standardized:
        """The standard picture. Raises as `inspect`."""
        return await self.decoder.standardize(data, wished.rotation, wished.crop, max_side)

    async def keep(self, user_id: UUID, developed: Standardized, source: Source) -> Picture:
        """Stores the files under new unguessable names; the row is the caller's to add."""
        picture = Picture(
            id=uuid4(),
            user_id=user_id,
            key=_new_media_key(),
            thumbnail_key=_new_media_key(),
            rendition_key=f"{RENDITIONS}{uuid4().hex}.jpg",
            sha256=developed.sha256,
            width=developed.size[0],
            height=developed.size[1],
            size_bytes=len(developed.png),
            origin={
                "source_type": source,
                "format": developed.original_format,
                "dimensions": {"width": developed.original_size[0], "height": developed.original_size[1]},
                "checksum": developed.original_sha256,
                "orientation": developed.orientation,
                "transformations": developed.applied,
                "warnings": developed.warnings,
            },
        )
        files = (developed.png, developed.rendition, developed.thumbnail)
        await asyncio.gather(*(self.blobs.put(key, data) for key, data in zip(picture.files, files, strict=True)))
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


def _new_media_key() -> str:
    name = uuid4().hex
    return f"{PUBLIC}{name[:2]}/{name}.png"


def key_of(url: str) -> str:
    """The key of a picture by its public address, whatever host it was given under."""
    return PUBLIC + url.rpartition(f"/{PUBLIC}")[2]


async def checksum(data: bytes) -> str:
    """sha256 in hex, off the event loop: an upload may be large."""
    return await asyncio.to_thread(lambda: sha256(data).hexdigest())


async def _darkroom(request: Request) -> Darkroom:
    darkroom: Darkroom = request.app.state.darkroom
    return darkroom


Pictures = Annotated[Darkroom, Depends(_darkroom)]
