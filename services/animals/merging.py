"""From staging tables into the taxonomy: one statement for each table, whoever filled the staging (contract B11).

A taxon that was there keeps its id, what a source no longer has goes, and what has not changed is not written.
"""

from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.db import Database
from services.animals.models import NAME_SEPARATOR

NO_LIMIT: Final = 24 * 3600.0
"""Seconds for one statement: an import takes what it takes, and holds up nobody."""
TABLES: Final = "taxa, common_names, geographic_distributions, name_relations"
RANKS_THAT_COUNT: Final = ("kingdom", "phylum", "class_name", "order", "family", "genus")
TAXON_COLUMNS: Final = (
    *("status", "rank", "scientific_name", "authorship"),
    *("kingdom", "phylum", "class_name", "order", "family", "subfamily", "genus"),
    *("generic_name", "specific_epithet", "infraspecific_epithet"),
    *("extinct", "environment", "nomenclatural_code", "source_url", "confidence_score"),
)
"""What a staged taxon brings besides its keys."""

STAGING: Final = f"""
CREATE TEMP TABLE staged_taxa ON COMMIT DROP AS
    SELECT source_taxon_id::text AS key, ''::text AS parent_key, ''::text AS accepted_key,
        {", ".join(f'"{column}"' for column in TAXON_COLUMNS)}
    FROM taxa WITH NO DATA;
CREATE TEMP TABLE staged_common_names ON COMMIT DROP AS
    SELECT ''::text AS key, name, language, country, is_preferred FROM common_names WITH NO DATA;
CREATE TEMP TABLE staged_geographic_distributions ON COMMIT DROP AS
    SELECT ''::text AS key, position, area_code, gazetteer, area_name, establishment_means, occurrence_status,
        threat_status
    FROM geographic_distributions WITH NO DATA;
CREATE TEMP TABLE staged_name_relations ON COMMIT DROP AS
    SELECT ''::text AS key, ''::text AS related_key, relation_type FROM name_relations WITH NO DATA;
"""

IDS: Final = """
CREATE TEMP TABLE merged_ids ON COMMIT DROP AS
    SELECT staged.key, coalesce(taxa.id, gen_random_uuid()) AS id
    FROM staged_taxa AS staged
    LEFT JOIN taxa ON taxa.source_id = $1 AND taxa.source_taxon_id = staged.key
"""
STATUSES: Final = """
CREATE TEMP TABLE merged_statuses ON COMMIT DROP AS
    SELECT DISTINCT ON (key) key, threat_status FROM staged_geographic_distributions
    WHERE threat_status IN ('EX', 'EW', 'CR', 'EN', 'VU', 'NT', 'LC', 'DD', 'NE')
    ORDER BY key, position
"""
SEARCHED: Final = f"""
CREATE TEMP TABLE merged_searched ON COMMIT DROP AS
    SELECT key, string_agg(DISTINCT lower(name), '{NAME_SEPARATOR}') AS names FROM staged_common_names GROUP BY key
"""
TAXA: Final = f"""
CREATE TEMP TABLE merged_taxa ON COMMIT DROP AS
    SELECT ids.id, $1::uuid AS source_id, staged.key AS source_taxon_id,
        parents.id AS parent_id, targets.id AS accepted_id,
        {", ".join(f'staged."{column}"' for column in TAXON_COLUMNS)},
        round(({" + ".join(f'''(staged."{rank}" <> '')::int''' for rank in RANKS_THAT_COUNT)})
            / {len(RANKS_THAT_COUNT)}.0, 2) AS completeness_score,
        coalesce(statuses.threat_status, CASE WHEN staged.extinct THEN 'EX' ELSE 'NE' END) AS conservation_status,
        concat_ws('{NAME_SEPARATOR}', lower(scientific_name),
            CASE WHEN strpos(scientific_name, genus) = 0 THEN lower(genus) END,
            CASE WHEN strpos(scientific_name, specific_epithet) = 0 THEN lower(specific_epithet) END,
            called.names) AS searched
    FROM staged_taxa AS staged
    JOIN merged_ids AS ids ON ids.key = staged.key
    LEFT JOIN merged_ids AS parents ON parents.key = staged.parent_key
    LEFT JOIN merged_ids AS targets ON targets.key = staged.accepted_key
    LEFT JOIN merged_statuses AS statuses ON statuses.key = staged.key
    LEFT JOIN merged_searched AS called ON called.key = staged.key
"""
COMMON_NAMES: Final = """
CREATE TEMP TABLE merged_common_names ON COMMIT DROP AS
    SELECT DISTINCT ON (ids.id, name, language, country) ids.id AS taxon_id, name, language, country, is_preferred
    FROM staged_common_names JOIN merged_ids AS ids USING (key)
    ORDER BY ids.id, name, language, country, is_preferred DESC
"""
DISTRIBUTIONS: Final = """
CREATE TEMP TABLE merged_geographic_distributions ON COMMIT DROP AS
    SELECT ids.id AS taxon_id, staged.*
    FROM staged_geographic_distributions AS staged JOIN merged_ids AS ids USING (key)
"""
RELATIONS: Final = """
CREATE TEMP TABLE merged_name_relations ON COMMIT DROP AS
    SELECT DISTINCT ids.id AS taxon_id, related.id AS related_taxon_id, relation_type
    FROM staged_name_relations AS staged
    JOIN merged_ids AS ids ON ids.key = staged.key
    JOIN merged_ids AS related ON related.key = staged.related_key
"""
OF_SOURCE: Final = "source_id = $1"
OF_TAXA: Final = f"taxon_id IN (SELECT id FROM taxa WHERE {OF_SOURCE})"


Columns = tuple[str, ...]
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@dataclass(frozen=True, slots=True)
class Merged:
    """How many rows of a source there are after the merge, and how many accepted taxa of each rank."""

    taxa: int
    common_names: int
    distributions: int
    name_relations: int
    accepted_by_rank: dict[str, int]


async def raw_connection(session: AsyncSession) -> Connection:
    """The driver's own connection, for COPY and for statements that take longer than a request may."""
    connection = (await (await session.connection()).get_raw_connection()).driver_connection
    assert isinstance(connection, asyncpg.Connection)
    return connection


class Loader:
    """Set-based writing on the session's own connection, in its transaction, with more time than a request has."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @classmethod
    async def of(cls, session: AsyncSession) -> "Loader":
        """The loader of a session's transaction, with empty staging tables that go with it."""
        loader = cls(await raw_connection(session))
        for setting, value in (
            ("statement_timeout", "0"),
            ("idle_in_transaction_session_timeout", "0"),
            # Millions of rows are joined and sorted by one or two statements at a time.
            ("work_mem", "128MB"),
            ("maintenance_work_mem", "256MB"),
            # A table that was empty when last looked at seems cheap to walk through for every new row, while it grows.
            ("enable_nestloop", "off"),
        ):
            await loader.execute(f"SET LOCAL {setting} = '{value}'")
        await loader.execute(STAGING)
        return loader

    async def execute(self, statement: str, *values: Any) -> int:
        """Runs a statement; the number of rows it wrote."""
        tag = await self.connection.execute(statement, *values, timeout=NO_LIMIT)
        count = tag.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    async def merge(self, source_id: UUID) -> Merged:
        """Brings the source's rows of all four tables to what is staged."""
        await self.execute("ANALYZE staged_taxa")
        await self.execute(IDS, source_id)
        await self.execute(STATUSES)
        await self.execute(SEARCHED)
        await self.execute("ANALYZE merged_ids, merged_statuses, merged_searched")
        await self.execute(TAXA, source_id)
        derived = ("parent_id", "accepted_id", "completeness_score", "conservation_status", "searched")
        taxa = await self._write(
            source_id, "taxa", ("id",), (*TAXON_COLUMNS, *derived), fixed=("source_id", "source_taxon_id")
        )
        await self.execute(COMMON_NAMES)
        names = await self._write(
            source_id, "common_names", ("taxon_id", "name", "language", "country"), ("is_preferred",)
        )
        await self.execute(DISTRIBUTIONS)
        areas = ("area_code", "gazetteer", "area_name", "establishment_means", "occurrence_status", "threat_status")
        distributions = await self._write(source_id, "geographic_distributions", ("taxon_id", "position"), areas)
        await self.execute(RELATIONS)
        relations = await self._write(
            source_id, "name_relations", ("taxon_id", "related_taxon_id", "relation_type"), ()
        )
        # Without statistics the first searches would be planned for empty tables.
        await self.execute(f"ANALYZE {TABLES}")
        by_rank = await self.connection.fetch(
            "SELECT rank, count(*) AS taxa FROM merged_taxa WHERE status = 'accepted' GROUP BY rank", timeout=NO_LIMIT
        )
        accepted = {row["rank"]: row["taxa"] for row in by_rank}
        return Merged(taxa, names, distributions, relations, accepted_by_rank=accepted)

    async def _write(
        self, source_id: UUID, table: str, keys: Columns, changing: Columns, *, fixed: Columns = ()
    ) -> int:
        """Makes the source's rows of `table` those of `merged_<table>`; returns how many they are.

        Deletes, updates and inserts what differs, and touches nothing else: an upsert would lock and write every row.
        """
        await self.execute(f"ANALYZE merged_{table}")
        same = " AND ".join(f"merged.{key} = {table}.{key}" for key in keys)
        scope = OF_SOURCE if table == "taxa" else OF_TAXA
        await self.execute(
            f"DELETE FROM {table} WHERE {scope} AND NOT EXISTS (SELECT FROM merged_{table} AS merged WHERE {same})",
            source_id,
        )
        moment = {"updated_at": "now()"} if table == "taxa" else {}
        if changing:
            news = {f'"{column}"': f'merged."{column}"' for column in changing}
            was = ", ".join(f"{table}.{column}" for column in news)
            await self.execute(
                f"UPDATE {table} SET {', '.join(f'{name} = {value}' for name, value in (news | moment).items())} "
                f"FROM merged_{table} AS merged WHERE {same} AND ({was}) IS DISTINCT FROM ({', '.join(news.values())})"
            )
        columns = [f'"{column}"' for column in (*keys, *fixed, *changing)]
        moments = {"created_at": "now()"} | moment if moment else {}
        await self.execute(
            f"INSERT INTO {table} ({', '.join((*columns, *moments))}) "
            f"SELECT {', '.join((*columns, *moments.values()))} FROM merged_{table} AS merged "
            f"WHERE NOT EXISTS (SELECT FROM {table} WHERE {same})"
        )
        return int(await self.connection.fetchval(f"SELECT count(*) FROM merged_{table}", timeout=NO_LIMIT))


async def settle(database: Database) -> None:
    """After the commit of a merge: makes the search's index answer by itself, and empties the list of new entries that
    every search would read. Until then searches are slower, never wrong; the server does it in time by itself, too.
    """
    async with database.reading() as session:
        connection = await raw_connection(session)
        await connection.execute("SET statement_timeout = 0")
        try:
            await connection.execute(f"VACUUM {TABLES}", timeout=NO_LIMIT)
        finally:
            await connection.execute("RESET statement_timeout")
