"""Fills the taxonomy from the built-in backbone at the first start, and after a newer one has come (contract B11)."""

import asyncio
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, Final
from uuid import UUID, uuid4

import asyncpg
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
from services.animals.models import CommonName, DataSource, Taxon

SHORT_CODE: Final = "backbone"
RELEASE: Final = "2026-11"
"""Grows whenever a file in `data/` changes, so that running systems take the new one in."""
LOCK: Final = 0x616E696D616C
"""Advisory lock key: one replica fills, the others look again later."""
LOAD_SECONDS: Final = 120.0
LOOK_AGAIN_SECONDS: Final = 1.0
TRIGRAM_INDEXES: Final = ["ix_taxa_trigrams", "ix_common_names_trigrams"]

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


async def require_taxonomy(session: AsyncSession) -> None:
    """Raises TaxonomyNotFilled until some source has been imported completely."""
    if await session.scalar(select(DataSource.id).where(DataSource.release != "").limit(1)) is None:
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
        # On a slow machine reading the files takes longer than a session may be idle.
        await session.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        backbone = await asyncio.to_thread(read_backbone)
        source = await _source(session)
        await _load(session, source.id, backbone)
        source.release = RELEASE
        source.version += 1
        record(
            session,
            TaxonomyImported(
                id=source.id,
                version=source.version,
                source=SHORT_CODE,
                release=RELEASE,
                taxa=len(backbone.taxa),
                names=len(backbone.common_names),
            ),
        )
        log.info("taxonomy.filled", taxa=len(backbone.taxa), seconds=round((now() - started).total_seconds(), 2))
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


async def _load(session: AsyncSession, source_id: UUID, backbone: Backbone) -> None:
    """COPY into staging tables, then one merge each; a taxon that was there keeps its id."""
    connection = (await (await session.connection()).get_raw_connection()).driver_connection
    assert isinstance(connection, asyncpg.Connection)
    run = _Loader(connection)
    await run.execute(f"SET LOCAL statement_timeout = {int(LOAD_SECONDS * 1000)}")
    known = await session.execute(select(Taxon.source_taxon_id, Taxon.id).where(Taxon.source_id == source_id))
    ids = {row.source_taxon_id: row.id for row in known}
    for row in backbone.taxa:
        if row.key not in ids:
            ids[row.key] = uuid4()
    await run.merge(Taxon.__tablename__, TAXON_COLUMNS, _taxon_records(backbone.taxa, source_id, ids), keys=("id",))
    await run.execute(
        "DELETE FROM taxa WHERE source_id = $1"
        " AND NOT EXISTS (SELECT 1 FROM staged_taxa WHERE staged_taxa.id = taxa.id)",
        source_id,
    )
    await run.merge(
        CommonName.__tablename__,
        COMMON_NAME_COLUMNS,
        _common_name_records(backbone.common_names, ids),
        keys=("taxon_id", "name", "language", "country"),
    )
    # New entries of a trigram index wait in a list that every search reads; and without statistics the first
    # searches would be planned for empty tables.
    await run.execute("SELECT gin_clean_pending_list(name) FROM unnest($1::regclass[]) AS name", TRIGRAM_INDEXES)
    await run.execute("ANALYZE taxa, common_names")


class _Loader:
    """Set-based writing on the raw connection, with more time than a request has."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._connection = connection

    async def execute(self, statement: str, *values: Any) -> None:
        await self._connection.execute(statement, *values, timeout=LOAD_SECONDS)

    async def merge(
        self, table: str, columns: tuple[str, ...], records: Iterable[tuple[Any, ...]], *, keys: tuple[str, ...]
    ) -> None:
        """Inserts `records`, or overwrites the rows that have the same `keys`, from a staging table."""
        staged = f"staged_{table}"
        await self.execute(f"CREATE TEMP TABLE {staged} (LIKE {table} INCLUDING DEFAULTS) ON COMMIT DROP")
        await self._connection.copy_records_to_table(staged, records=records, columns=columns, timeout=LOAD_SECONDS)
        quoted = [f'"{column}"' for column in columns]
        news = ", ".join(f"{column} = excluded.{column}" for column in quoted if column.strip('"') not in keys)
        await self.execute(
            f"INSERT INTO {table} ({', '.join(quoted)}) SELECT {', '.join(quoted)} FROM {staged} "
            f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {news}"
        )


TAXON_COLUMNS: Final = (
    "id",
    "source_id",
    "source_taxon_id",
    "parent_id",
    "accepted_id",
    "status",
    "rank",
    "scientific_name",
    "authorship",
    "kingdom",
    "phylum",
    "class_name",
    "order",
    "family",
    "subfamily",
    "genus",
    "generic_name",
    "specific_epithet",
    "infraspecific_epithet",
    "extinct",
    "environment",
    "nomenclatural_code",
    "source_url",
    "completeness_score",
    "confidence_score",
    "conservation_status",
    "created_at",
    "updated_at",
)
COMMON_NAME_COLUMNS: Final = ("taxon_id", "name", "language", "country", "is_preferred")


def _taxon_records(rows: Iterable[TaxonRow], source_id: UUID, ids: dict[str, UUID]) -> Iterator[tuple[Any, ...]]:
    moment = now()
    scores: dict[float, Decimal] = {}
    for row in rows:
        score = scores.setdefault(row.completeness, Decimal(str(row.completeness)))
        yield (
            ids[row.key],
            source_id,
            row.key,
            ids[row.parent] if row.parent else None,
            ids[row.accepted] if row.accepted else None,
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
            score,
            None,
            row.conservation_status,
            moment,
            moment,
        )


def _common_name_records(rows: Iterable[CommonNameRow], ids: dict[str, UUID]) -> Iterator[tuple[Any, ...]]:
    for row in rows:
        yield ids[row.key], row.name, "eng", "", row.is_preferred
