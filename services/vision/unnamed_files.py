"""Files that no row names go by themselves: a process was killed between writing them and committing their row.

Files are written before the row that names them, so a young file may be on its way. An old one is looked up twice: when
the store is listed, and again just before it goes. Whoever restores a database that is older than the store, or points
the worker at another one, must not lose pictures by it: where most files seem to be nobody's, none is touched.
"""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.blobs import PRIVATE, PUBLIC, Blobs, Stored
from libs.common.db import Database
from libs.common.logs import log
from libs.common.values import now
from services.vision import meters
from services.vision.settings import VisionSettings

PAGE: Final = 1000
MOST: Final = 1000
"""Files removed in one round."""
REMOVED_AT_ONCE: Final = 100
FEW: Final = 50
"""So many may be nobody's whatever the others are: a dozen interrupted uploads."""

_NAMED: Final = text("""
SELECT key FROM pictures WHERE removed_at IS NULL AND key = ANY(:keys)
UNION SELECT rendition_key FROM pictures WHERE removed_at IS NULL AND rendition_key = ANY(:keys)
UNION SELECT thumbnail_key FROM pictures WHERE removed_at IS NULL AND thumbnail_key = ANY(:keys)
UNION SELECT conversions.original_key FROM image_conversions AS conversions
    JOIN pictures ON pictures.id = conversions.picture_id
    WHERE pictures.removed_at IS NULL AND conversions.original_key = ANY(:keys)
UNION SELECT original_key FROM analysis_jobs WHERE original_key = ANY(:keys)
UNION SELECT key FROM discarded_files WHERE key = ANY(:keys)
UNION SELECT picture_key FROM ref_dex_entries WHERE deleted_at IS NULL AND picture_key = ANY(:keys)
""")
# No index leads to these: asked only of the few that are about to go.
_FACES: Final = text("""
SELECT key FROM (SELECT 'media/' || split_part(avatar, '/media/', 2) AS key FROM ref_users WHERE avatar IS NOT NULL)
    AS faces WHERE key = ANY(:keys)
""")


@dataclass(slots=True)
class Look:
    """What a look at the whole store has found: how many old files are named, how many not, and the first of these."""

    named: int = 0
    unnamed: int = 0
    first: list[str] = field(default_factory=list)

    @property
    def is_plausible(self) -> bool:
        """Whether the database is that of this store, as far as can be seen."""
        return self.unnamed <= max(FEW, self.named)


async def sweep(db: Database, blobs: Blobs, settings: VisionSettings) -> int:
    """One round: removes what is older than `UNNAMED_FILES_HOURS` and named by nobody. Returns how many files."""
    if not settings.unnamed_files_hours:
        return 0
    before = now() - timedelta(hours=settings.unnamed_files_hours)
    cut_off = await blobs.remove_unfinished(before, MOST)
    found = await look(db, blobs, before)
    if not found.is_plausible:
        log.error("files.most_are_unnamed", named=found.named, unnamed=found.unnamed)
        return cut_off
    removed = await remove(db, blobs, found.first)
    if removed or cut_off:
        meters.unnamed_files.labels("whole").inc(removed)
        meters.unnamed_files.labels("cut_off").inc(cut_off)
        log.warning("files.unnamed_removed", whole=removed, cut_off=cut_off, left=found.unnamed - removed)
    return removed + cut_off


async def look(db: Database, blobs: Blobs, before: datetime) -> Look:
    """The first look, a page of the store at a time."""
    found = Look()
    async for keys in _old_pages(blobs, before):
        async with db.reading() as session:
            named = await named_among(session, keys)
        unnamed = [key for key in keys if key not in named]
        found.named += len(keys) - len(unnamed)
        found.unnamed += len(unnamed)
        found.first += unnamed[: MOST - len(found.first)]
    return found


async def remove(db: Database, blobs: Blobs, keys: Sequence[str]) -> int:
    """The second look, and then away with those that are still nobody's. Returns how many."""
    count = 0
    for start in range(0, len(keys), REMOVED_AT_ONCE):
        some = keys[start : start + REMOVED_AT_ONCE]
        async with db.reading() as session:
            named = await named_among(session, some) | await _named_as_faces(session, some)
        for key in some:
            if key not in named:
                await blobs.delete(key)
                count += 1
    return count


async def named_among(session: AsyncSession, keys: Collection[str]) -> set[str]:
    """Those of these files that a picture, a conversion, a job or a living entry names, or the list of what goes."""
    return set(await session.scalars(_NAMED, {"keys": list(keys)}))


async def _named_as_faces(session: AsyncSession, keys: Collection[str]) -> set[str]:
    return set(await session.scalars(_FACES, {"keys": list(keys)}))


async def _old_pages(blobs: Blobs, before: datetime) -> AsyncIterator[list[str]]:
    page: list[str] = []
    async for stored in blobs.all():
        if _is_ours_and_old(stored, before):
            page.append(stored.key)
        if len(page) == PAGE:
            yield page
            page = []
    if page:
        yield page


def _is_ours_and_old(stored: Stored, before: datetime) -> bool:
    return stored.key.startswith((PUBLIC, PRIVATE)) and stored.written_at < before
