"""Fills the taxonomy from the built-in backbone at the first start, and after a newer one has come (contract B11)."""

import asyncio
from collections.abc import Iterable, Iterator
from typing import Any, Final

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.db import Database
from libs.common.errors import Unavailable
from libs.common.logs import log
from libs.common.outbox import record
from libs.common.service import Service
from libs.common.values import now
from libs.contracts.animals import TaxonomyImported
from services.animals.backbone_rows import Backbone, CommonNameRow, TaxonRow, read_backbone
from services.animals.languages import ENGLISH
from services.animals.merging import NO_LIMIT, TAXON_COLUMNS, Loader, settle
from services.animals.models import DataSource

SHORT_CODE: Final = "backbone"
RELEASE: Final = "2026-11.2"
"""Grows whenever a file in `data/` changes, so that running systems take the new one in."""
LOCK: Final = 0x616E696D616C
"""Advisory lock key: one replica fills, the others look again later."""
LOOK_AGAIN_SECONDS: Final = 1.0
UNKNOWN_STATUS: Final = "NE"

SOURCE: Final = {
    "name": "BiologiDex backbone",
    "short_code": SHORT_CODE,
    "full_name": "NCBI Taxonomy and AviList v2025, with the conservation status of the IUCN Red List",
    "url": "https://www.ncbi.nlm.nih.gov/taxonomy",
    "update_frequency": "yearly",
    "license": "public domain (NCBI Taxonomy); CC BY 4.0 (AviList v2025, doi:10.2173/avilist.v2025)",
    # Behind every catalogue that staff imports (the Catalogue of Life has 10).
    "priority": 100,
}


class TaxonomyNotFilled(Unavailable):
    """Names cannot be led to species yet; in seconds they can."""

    def __init__(self) -> None:
        super().__init__("The taxonomy is being loaded.", retry_after=1)


async def is_filled(session: AsyncSession) -> bool:
    """Whether some source has been imported completely."""
    return await session.scalar(select(DataSource.id).where(DataSource.release != "").limit(1)) is not None


async def require_taxonomy(session: AsyncSession) -> None:
    """Raises TaxonomyNotFilled until some source has been imported completely."""
    if not await is_filled(session):
        raise TaxonomyNotFilled


async def fill_taxonomy(service: Service) -> None:
    """Background work of the service: ends when the taxonomy holds this release, whoever filled it."""
    while True:
        if await fill(service.db):
            return
        await asyncio.sleep(LOOK_AGAIN_SECONDS)


async def fill(database: Database) -> bool:
    """Brings the taxonomy to RELEASE in one transaction; False while another process is at it."""
    async with database.transaction() as session:
        if await _release(session) == RELEASE:
            return True
        if not await session.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": LOCK}):
            return False
        # Whoever held the lock may have just finished.
        if await _release(session) == RELEASE:
            return True
        started = now()
        # Before the files are read: on a slow machine that takes longer than a session may be idle otherwise.
        loader = await Loader.of(session)
        await _stage(loader, await asyncio.to_thread(read_backbone))
        source = await _source(session)
        merged = await loader.merge(source.id)
        source.release, source.version = RELEASE, source.version + 1
        source.accepted_by_rank = merged.accepted_by_rank
        record(
            session,
            TaxonomyImported(
                id=source.id,
                version=source.version,
                source=SHORT_CODE,
                release=RELEASE,
                taxa=merged.taxa,
                names=merged.common_names,
            ),
        )
        log.info("taxonomy.filled", taxa=merged.taxa, seconds=round((now() - started).total_seconds(), 2))
    await settle(database)
    return True


async def _release(session: AsyncSession) -> str | None:
    return await session.scalar(select(DataSource.release).where(DataSource.short_code == SHORT_CODE))


async def _source(session: AsyncSession) -> DataSource:
    source = await session.scalar(select(DataSource).where(DataSource.short_code == SHORT_CODE))
    if source is None:
        source = DataSource(**SOURCE)
        session.add(source)
    await session.flush()
    return source


async def _stage(loader: Loader, backbone: Backbone) -> None:
    for table, columns, records in (
        ("staged_taxa", ("key", "parent_key", "accepted_key", *TAXON_COLUMNS), _taxa(backbone.taxa)),
        ("staged_geographic_distributions", DISTRIBUTION_COLUMNS, _statuses(backbone.taxa)),
        ("staged_common_names", COMMON_NAME_COLUMNS, _common_names(backbone.common_names)),
    ):
        await loader.connection.copy_records_to_table(table, records=records, columns=columns, timeout=NO_LIMIT)


COMMON_NAME_COLUMNS: Final = ("key", "name", "language", "country", "is_preferred")
DISTRIBUTION_COLUMNS: Final = (
    *("key", "position", "area_code", "gazetteer", "area_name"),
    *("establishment_means", "occurrence_status", "threat_status"),
)


def _taxa(rows: Iterable[TaxonRow]) -> Iterator[tuple[Any, ...]]:
    for row in rows:
        yield (
            row.key,
            row.parent or "",
            row.accepted or "",
            "synonym" if row.accepted else "accepted",
            row.rank,
            row.scientific_name,
            row.name.authorship,
            *row.hierarchy,
            row.name.genus,
            row.name.epithet,
            row.name.infraspecific,
            row.extinct,
            [],
            "iczn",
            row.source_url,
            None,
        )


def _statuses(rows: Iterable[TaxonRow]) -> Iterator[tuple[Any, ...]]:
    """The one thing known of where a taxon lives is how it fares in the whole world."""
    for row in rows:
        if row.conservation_status != UNKNOWN_STATUS:
            yield row.key, 0, "", "iucn", "worldwide", "", "", row.conservation_status


def _common_names(rows: Iterable[CommonNameRow]) -> Iterator[tuple[Any, ...]]:
    for row in rows:
        yield row.key, row.name, ENGLISH, "", row.is_preferred
