"""Pictures and other files: a local folder or an object store, by one URL (`BLOB_URL`)."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import obstore
from fastapi import Depends, Request
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore, ObjectStore, from_url

from libs.common.errors import Unavailable
from libs.common.logs import log
from libs.common.store_keys import keys_for
from libs.common.whole_files import remove_unfinished, write_whole

PUBLIC: Final = "media/"
"""Only what lies under this prefix is served to the outside, by its unguessable name alone (contract B4)."""
PRIVATE: Final = "private/"


@dataclass(frozen=True, slots=True)
class Found:
    """A stored file being read: its size in bytes, its entity tag, its bytes in chunks."""

    size: int
    etag: str | None
    chunks: AsyncIterator[bytes]


@dataclass(frozen=True, slots=True)
class Stored:
    """A file as the store lists it: its size in bytes, and when it was written."""

    key: str
    size: int
    written_at: datetime


class Blobs:
    """Keys are paths such as `media/ab/abcdef….png`; a key's bytes never change once written."""

    def __init__(self, url: str, public_base_url: str) -> None:
        self._folder = _folder_of(url)
        self._store = _open(url)
        self._public_base_url = public_base_url

    async def put(self, key: str, data: bytes) -> None:
        """Writes whole files only: a reader sees all of it or nothing; what is written stays, also without power.

        Raises:
            Unavailable: the store is full, or away.
        """
        try:
            if self._folder is None:
                await obstore.put_async(self._store, key, data)
            else:
                await asyncio.to_thread(write_whole, self._folder / key, data)
        except (BaseError, OSError) as error:
            log.error("blobs.not_written", error=type(error).__name__, reason=getattr(error, "strerror", None))
            raise Unavailable from None

    async def get(self, key: str) -> bytes:
        """Raises:
        FileNotFoundError: no such key.
        """
        try:
            result = await obstore.get_async(self._store, key)
            return bytes(await result.bytes_async())
        except NotFoundError:
            raise FileNotFoundError(key) from None

    async def open(self, key: str) -> Found:
        """As `get`, for large files: read in chunks, never whole in memory."""
        try:
            result = await obstore.get_async(self._store, key)
        except NotFoundError:
            raise FileNotFoundError(key) from None
        return Found(result.meta["size"], result.meta.get("e_tag"), _chunks(result))

    async def delete(self, key: str) -> None:
        """Deleting what is gone already is no error."""
        try:
            await obstore.delete_async(self._store, key)
        except NotFoundError:
            return

    async def all(self) -> AsyncIterator[Stored]:
        """Everything that is stored, in no order; what is still being written is not among it."""
        async for chunk in obstore.list(self._store, chunk_size=1000):
            for meta in chunk:
                yield Stored(meta["path"], meta["size"], meta["last_modified"])

    async def remove_unfinished(self, before: datetime, most: int) -> int:
        """Removes files whose writing was cut off before this moment, at most `most`; returns how many.

        Only a local folder has any: an object store keeps no half of a file (multipart uploads aside, which are ended
        by the bucket's own rule).
        """
        if self._folder is None:
            return 0
        places = [self._folder / PUBLIC, self._folder / PRIVATE]
        count = 0
        for place in places:
            count += await asyncio.to_thread(remove_unfinished, place, before.timestamp(), most - count)
        return count

    async def room(self) -> tuple[int, int] | None:
        """Free bytes and all bytes of the disk under a local folder; None where the store is a bucket."""
        if self._folder is None:
            return None
        usage = await asyncio.to_thread(shutil.disk_usage, self._folder)
        return usage.free, usage.total

    async def answers(self, seconds: float) -> bool:
        """Whether the store can be asked at all, within `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self.get(PRIVATE + "health")
        except FileNotFoundError:
            return True
        except Exception:  # noqa: BLE001 - every store has its own errors; away is away
            return False
        return True

    def url(self, key: str) -> str:
        """The absolute public address of a key under `media/`."""
        if not key.startswith(PUBLIC):
            raise ValueError("only media keys have an address")
        return f"{self._public_base_url}/{key}"


async def _chunks(result: Any) -> AsyncIterator[bytes]:
    async for chunk in result.stream():
        yield bytes(chunk)


def _folder_of(url: str) -> Path | None:
    """The folder that a URL without a store's scheme names."""
    parts = urlsplit(url)
    return Path(parts.path) if parts.scheme in ("", "file") else None


def _open(url: str) -> ObjectStore:
    if (folder := _folder_of(url)) is not None:
        folder.mkdir(parents=True, exist_ok=True)
        return LocalStore(folder)
    # Which keys there may be depends on the store, which the types know only when it is named.
    keys: Any = keys_for(url) or None
    store: ObjectStore = from_url(url, config=keys)
    return store


async def _blobs(request: Request) -> Blobs:
    blobs: Blobs = request.app.state.service.blobs
    return blobs


BlobStore = Annotated[Blobs, Depends(_blobs)]
