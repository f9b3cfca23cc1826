"""Imports a Catalogue of Life into the taxonomy: staged as it streams in, merged in one transaction (contract B11)."""

import asyncio
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import yaml
from sqlalchemy import event, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.db import Database
from libs.common.errors import Failure, Refusal
from libs.common.outbox import record
from libs.common.values import now
from libs.contracts.animals import TaxonomyImported
from services.animals import import_jobs
from services.animals.coldp.archive import Archive, BadCatalogue, opened
from services.animals.coldp.staging import PLACING, Staging
from services.animals.merging import NO_LIMIT, Loader, Merged, settle
from services.animals.models import DataSource

SHORT_CODE: Final = "col"
METADATA: Final = "metadata.yaml"
DEFAULT_KINGDOMS: Final = frozenset({"Animalia"})
LOCK: Final = 0x636174616C6F67
"""Advisory lock key: one import at a time."""
TELL_EVERY_SECONDS: Final = 2.0
"""How often the job's row is brought up to date."""

SOURCE: Final = {
    "name": "Catalogue of Life",
    "short_code": SHORT_CODE,
    "url": "https://www.catalogueoflife.org",
    "update_frequency": "monthly",
    "license": "CC BY 4.0",
    "priority": 10,
}


class ImportRunning(Refusal):
    status = 409
    sentence = "Another import is running; wait until it has ended."


class NotMigrated(Refusal):
    status = 503
    sentence = "The database is behind this code; bring it up to date with: ./bdx migrate animals"


@dataclass(frozen=True, slots=True)
class Step:
    """What an import is doing: lines of all tables read so far, and the share (0 to 1) of the bytes to read."""

    stage: str
    rows: int
    share: float


@dataclass(frozen=True, slots=True)
class Imported:
    """What a complete import has brought; `seconds` from its beginning to its end."""

    job_id: UUID
    release: str
    rows_read: int
    rows_skipped: int
    merged: Merged
    seconds: float


Report = Callable[[Step], None]


async def import_catalogue(
    database_url: str,
    file: Path,
    *,
    force: bool = False,
    kingdoms: Collection[str] = DEFAULT_KINGDOMS,
    progress: Report = lambda _step: None,
) -> Imported:
    """Imports a ColDP zip into the database of the animals service; the same file again changes nothing.

    Readers see the catalogue as it was until all of the new one is there.

    Raises:
        BadCatalogue: the file is not a catalogue; nothing has changed.
        NotMigrated: the tables are not there yet.
        ImportRunning: one at a time.
        ImportedLately: the last complete import is younger than 30 days and this one is not forced.
    """
    database = Database(database_url, name="animals", pool_size=2, overflow=0)
    event.listen(database.engine.sync_engine, "do_connect", _be_patient)
    try:
        with opened(file) as archive:
            return await _Import(database, archive, frozenset(kingdoms), progress).run(file.name, force=force)
    finally:
        await database.close()


class _Import:
    """One import: the long transaction of the merge, and short ones beside it that tell how far it is."""

    def __init__(self, database: Database, archive: Archive, kingdoms: frozenset[str], report: Report) -> None:
        self._database, self._archive, self._kingdoms, self._report = database, archive, kingdoms, report
        self._told = 0.0

    async def run(self, file_name: str, *, force: bool) -> Imported:
        began = time.monotonic()
        if not await self._database.is_migrated():
            raise NotMigrated
        release, title = _metadata(self._archive)
        async with self._database.transaction() as session:
            if not await session.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": LOCK}):
                raise ImportRunning
            async with self._database.transaction() as beside:
                self._job = (await import_jobs.begin(beside, SHORT_CODE, file_name, force=force)).id
            try:
                merged = await self._merge(session, release, title)
                await import_jobs.complete(session, self._job, release, merged)
            except BaseException as error:
                await self._fail(error)
                raise
        self._report(Step("settling", self._staging.lines.read, 1.0))
        await settle(self._database)
        seconds = time.monotonic() - began
        lines = self._staging.lines
        return Imported(self._job, release, lines.read, lines.skipped, merged, seconds)

    async def _merge(self, session: AsyncSession, release: str, title: str) -> Merged:
        loader = await Loader.of(session)
        self._staging = Staging(self._archive, loader, self._kingdoms, self._advance)
        await self._staging.fill()
        await self._advance("merging", self._staging.lines.read, 1.0)
        source = await _source(session, title)
        merged = await loader.merge(source.id)
        source.release, source.version = release, source.version + 1
        source.accepted_by_rank = merged.accepted_by_rank
        record(
            session,
            TaxonomyImported(
                id=source.id,
                version=source.version,
                source=SHORT_CODE,
                release=release,
                taxa=merged.taxa,
                names=merged.common_names,
            ),
        )
        return merged

    async def _advance(self, stage: str, rows: int, share: float) -> None:
        self._report(Step(stage, rows, share))
        reading = share < 1.0
        if reading and time.monotonic() - self._told < TELL_EVERY_SECONDS:
            return
        self._told = time.monotonic()
        status = "processing" if reading else "validating" if stage == PLACING else "importing"
        lines = self._staging.lines
        async with self._database.transaction() as beside:
            await import_jobs.advance(beside, self._job, status, rows_read=lines.read, rows_skipped=lines.skipped)

    async def _fail(self, error: BaseException) -> None:
        """Writes the end down even while the import is being cancelled."""
        cancelled = isinstance(error, asyncio.CancelledError | KeyboardInterrupt)
        reason = str(error) if isinstance(error, BadCatalogue | Failure) else type(error).__name__

        async def write() -> None:
            async with self._database.transaction() as beside:
                await import_jobs.fail(beside, self._job, reason, cancelled=cancelled)

        await asyncio.shield(asyncio.create_task(write()))


def _be_patient(_dialect: object, _record: object, _arguments: object, parameters: dict[str, Any]) -> None:
    """A commit takes away gigabytes of staging tables; the seconds that a request may take are not enough for it."""
    parameters["command_timeout"] = NO_LIMIT


def _metadata(archive: Archive) -> tuple[str, str]:
    """The release, and the title of the catalogue.

    Raises:
        BadCatalogue: no metadata, or not in the form of them.
    """
    try:
        read: Any = yaml.safe_load(archive.text(METADATA))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise BadCatalogue(f"{METADATA} is not YAML: {error}.") from error
    if not isinstance(read, dict):
        raise BadCatalogue(f"{METADATA} does not describe a catalogue.")
    release = read.get("version") or read.get("issued") or f"{now():%Y-%m-%d}"
    return str(release)[:60], str(read.get("title") or SOURCE["name"])[:300]


async def _source(session: AsyncSession, title: str) -> DataSource:
    source = await session.scalar(select(DataSource).where(DataSource.short_code == SHORT_CODE).with_for_update())
    if source is None:
        source = DataSource(**SOURCE, full_name=title)
        session.add(source)
    source.full_name = title
    await session.flush()
    return source
