"""Reads a whole catalogue into staging tables, in memory that does not grow with it (contract B11)."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from services.animals.coldp.archive import Archive, BadCatalogue
from services.animals.coldp.placing import PLACED, REPEATED, STAGED, USAGES
from services.animals.coldp.tables import NULL, OPTIONAL_TABLES, QUOTE, Table, usages
from services.animals.merging import NO_LIMIT, Loader

Advance = Callable[[str, int, float], Awaitable[None]]
"""Told now and then: what is being done, lines of tables read so far, share of the bytes to read."""
PLACING = "placing names"


@dataclass(slots=True)
class Staged:
    """Lines that were read, and those of them that were left out."""

    read: int = 0
    skipped: int = 0


class Staging:
    """One archive on its way into the staging tables of a loader."""

    def __init__(self, archive: Archive, loader: Loader, kingdoms: frozenset[str], advance: Advance) -> None:
        self._archive, self._loader, self._kingdoms, self._advance = archive, loader, kingdoms, advance
        self._usages = usages(kingdoms)
        self._tables = (self._usages, *(table for table in OPTIONAL_TABLES if table.file in archive))
        self._bytes = max(1, sum(archive.size(table.file) for table in self._tables))
        self._bytes_read = 0
        self.lines = Staged()

    async def fill(self) -> Staged:
        """Everything that is to be merged, in `staged_taxa` and its companions.

        Raises:
            BadCatalogue: a table is not what it should be.
        """
        await self._loader.execute(USAGES)
        await self._copy(self._usages)
        names = self.lines.read - self.lines.skipped
        for table in self._tables[1:]:
            await self._copy(table)
        await self._advance(PLACING, self.lines.read, 1.0)
        await self._loader.execute("ANALYZE coldp_usages")
        repeated = await self._loader.connection.fetchrow(REPEATED, timeout=NO_LIMIT)
        if repeated is not None:
            raise BadCatalogue(
                f"{self._usages.file} has the ID {repeated['key']} a second time in line {repeated['line']}."
            )
        await self._loader.execute(PLACED)
        await self._loader.execute("ANALYZE coldp_placed")
        kept = await self._loader.execute(STAGED, [kingdom.lower() for kingdom in self._kingdoms])
        if not kept:
            raise BadCatalogue(f"{self._usages.file} has no name of {', '.join(sorted(self._kingdoms))}.")
        self.lines.skipped += names - kept
        return self.lines

    async def _copy(self, table: Table) -> None:
        await self._loader.connection.copy_to_table(
            table.staging,
            source=self._rows(table),
            columns=table.stored,
            format="csv",
            delimiter="\t",
            quote=QUOTE,
            null=NULL,
            timeout=NO_LIMIT,
        )

    async def _rows(self, table: Table) -> AsyncIterator[bytes]:
        for batch in table.read(self._archive):
            self.lines.read += batch.read
            self.lines.skipped += batch.skipped
            self._bytes_read += batch.size
            await self._advance(f"reading {table.file}", self.lines.read, min(1.0, self._bytes_read / self._bytes))
            yield batch.rows
