"""How much the taxonomy holds (contract X8)."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.animals.models import DataSource, Taxon
from services.animals.schemas.taxonomy import TaxonomyStats


class Statistics:
    """Counts once per state of the sources: every import makes a new state, so nothing kept is ever old."""

    def __init__(self) -> None:
        self._state: tuple[object, ...] = ()
        self._counted: TaxonomyStats | None = None

    async def count(self, session: AsyncSession) -> TaxonomyStats:
        """The counts of accepted taxa, and of active sources."""
        sources = await session.execute(
            select(DataSource.id, DataSource.version).where(DataSource.is_active).order_by(DataSource.id)
        )
        state = tuple(tuple(row) for row in sources)
        if self._counted is None or state != self._state:
            self._counted, self._state = await self._counts(session, sources=len(state)), state
        return self._counted

    @staticmethod
    async def _counts(session: AsyncSession, *, sources: int) -> TaxonomyStats:
        ranks = select(Taxon.rank, func.count().label("taxa")).where(Taxon.status == "accepted").group_by(Taxon.rank)
        found = {row.rank: row.taxa for row in await session.execute(ranks)}
        return TaxonomyStats(
            total_taxa=sum(found.values()),
            kingdoms=found.get("kingdom", 0),
            species=found.get("species", 0),
            genera=found.get("genus", 0),
            families=found.get("family", 0),
            sources=sources,
        )
