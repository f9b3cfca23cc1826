"""Imports follow each other, fail, are cancelled and killed, and leave nothing half (contract B11)."""

import asyncio
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Text, cast, func, literal_column, select, text, update
from sqlalchemy.dialects.postgresql import aggregate_order_by

from libs.common.db import Database
from libs.common.values import now
from services.animals.catalogue import LOCK, Imported, ImportRunning, Step
from services.animals.coldp.archive import BadCatalogue
from services.animals.import_jobs import ImportedLately
from services.animals.models import CommonName, DataSource, ImportJob, Taxon
from services.animals.tests.conftest import Import
from services.animals.tests.small_catalogue import FILES, imported_taxa, write_catalogue


async def jobs(db: Database) -> list[ImportJob]:
    async with db.reading() as session:
        return list(await session.scalars(select(ImportJob).order_by(ImportJob.created_at)))


async def test_importing_again_changes_nothing(db: Database, importing: Import) -> None:
    first = await importing()
    before = await _fingerprint(db)
    second = await importing(force=True)
    assert await _fingerprint(db) == before
    assert second.merged == first.merged


async def test_what_a_newer_catalogue_changes_is_changed_and_keeps_its_id(db: Database, importing: Import) -> None:
    await importing()
    before = await imported_taxa(db)
    news = (
        FILES["NameUsage.tsv"].replace("Canis dirus", "Aenocyon dirus").replace("B\tG\tbare name", "BB\tG\tbare name")
    )
    await importing(force=True, NameUsage=news, VernacularName=None, Distribution=None)
    after = await imported_taxa(db)
    assert (after["X"].id, after["X"].scientific_name) == (before["X"].id, "Aenocyon dirus")
    assert after["X"].updated_at > before["X"].updated_at
    assert after["F"].updated_at == before["F"].updated_at
    assert "B" not in after
    assert "BB" in after
    assert after["L"].conservation_status == "NE"
    async with db.reading() as session:
        assert await session.scalar(select(func.count()).where(CommonName.taxon_id == after["D"].id)) == 0
    assert "hund" not in after["D"].searched


async def test_a_complete_import_blocks_the_next_for_thirty_days(db: Database, importing: Import) -> None:
    await importing()
    with pytest.raises(ImportedLately, match="less than 30 days ago"):
        await importing()
    async with db.transaction() as session:
        await session.execute(update(ImportJob).values(completed_at=now() - timedelta(days=31)))
    await importing()
    assert [job.status for job in await jobs(db)] == ["completed", "completed"]


async def test_one_import_at_a_time(db: Database, importing: Import) -> None:
    met = []

    def meanwhile(step: Step) -> None:
        met.append(step.stage)

    async with db.transaction() as session:
        await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        with pytest.raises(ImportRunning):
            await importing()
    await importing(progress=meanwhile)
    assert met[0] == "reading NameUsage.tsv"
    assert met[-1] == "settling"
    assert len(await jobs(db)) == 1


async def test_a_failed_import_leaves_nothing_but_its_reason(db: Database, importing: Import) -> None:
    spoiled = FILES["NameRelation.tsv"] + "L\tD\n"
    with pytest.raises(BadCatalogue, match=r"NameRelation\.tsv has 2 fields in line 4"):
        await importing(NameRelation=spoiled)
    [job] = await jobs(db)
    assert (job.status, job.completed_at) == ("failed", None)
    assert "line 4" in job.error_log
    assert await imported_taxa(db) == {}
    async with db.reading() as session:
        assert await session.scalar(select(func.count()).where(DataSource.short_code == "col")) == 0
    await importing()
    assert len(await imported_taxa(db)) == 13


async def test_a_cancelled_import_says_so(db: Database, importing: Import) -> None:
    task: asyncio.Task[Imported]

    def stop(step: Step) -> None:
        if step.stage == "merging":
            task.cancel()

    task = asyncio.create_task(importing(progress=stop))  # type: ignore[arg-type]
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [job.status for job in await jobs(db)] == ["cancelled"]
    assert await imported_taxa(db) == {}


async def test_an_import_that_was_killed_can_be_repeated(
    db: Database, importing: Import, url: str, tmp_path: Path
) -> None:
    file = write_catalogue(tmp_path / "killed.zip")
    program = f"""
import asyncio, os, pathlib, signal
from services.animals.catalogue import import_catalogue
def kill(step):
    if step.stage == "merging":
        os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(import_catalogue({url!r}, pathlib.Path({str(file)!r}), progress=kill))
"""
    ended = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", program])
    assert ended.returncode == -signal.SIGKILL
    assert await imported_taxa(db) == {}
    while True:
        # The server notices that nobody is there any more.
        try:
            await importing()
            break
        except ImportRunning:
            await asyncio.sleep(0.05)
    killed, repeated = await jobs(db)
    assert (killed.status, repeated.status) == ("failed", "completed")
    assert "interrupted" in killed.error_log
    assert len(await imported_taxa(db)) == 13


async def _fingerprint(db: Database) -> object:
    ordered = aggregate_order_by(literal_column("','"), Taxon.source_taxon_id)
    every = func.string_agg(cast(literal_column("taxa.*"), Text), ordered)
    async with db.reading() as session:
        names = (await session.scalars(select(CommonName.name).order_by(CommonName.taxon_id, CommonName.name))).all()
        return await session.scalar(select(func.md5(every)).select_from(Taxon)), names
