"""Pictures and other files: a local folder or an object store, by one URL (`BLOB_URL`)."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import obstore
from fastapi import Depends, Request
from obstore.exceptions import NotFoundError
from obstore.store import LocalStore, ObjectStore, from_url

PUBLIC: Final = "media/"
"""Only what lies under this prefix is served to the outside, by its unguessable name alone (contract B4)."""
PRIVATE: Final = "private/"


@dataclass(frozen=True, slots=True)
class Found:
    """A stored file being read: its size in bytes, its entity tag, its bytes in chunks."""

    size: int
    etag: str | None
    chunks: AsyncIterator[bytes]


class Blobs:
    """Keys are paths such as `media/ab/abcdef….png`; a key's bytes never change once written."""

    def __init__(self, url: str, public_base_url: str) -> None:
        self._store = _open(url)
        self._public_base_url = public_base_url

    async def put(self, key: str, data: bytes) -> None:
        """Writes whole files only: a reader sees all of it or nothing."""
        await obstore.put_async(self._store, key, data)

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


def _open(url: str) -> ObjectStore:
    parts = urlsplit(url)
    if parts.scheme in ("", "file"):
        folder = Path(parts.path)
        folder.mkdir(parents=True, exist_ok=True)
        return LocalStore(folder)
    return from_url(url)


async def _blobs(request: Request) -> Blobs:
    blobs: Blobs = request.app.state.service.blobs
    return blobs


BlobStore = Annotated[Blobs, Depends(_blobs)]
