"""How much the taxonomy holds (contract X8), by what every import has counted: never old, and it costs nothing."""

from collections import Counter

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.animals.models import DataSource
from services.animals.schemas.taxonomy import TaxonomyStats


async def count_taxonomy(session: AsyncSession) -> TaxonomyStats:
    """Accepted taxa of all sources, and the number of active sources."""
    found: Counter[str] = Counter()
    active = 0
    for row in await session.execute(select(DataSource.accepted_by_rank, DataSource.is_active)):
        found.update(row.accepted_by_rank)
        active += row.is_active
    return TaxonomyStats(
        total_taxa=found.total(),
        kingdoms=found["kingdom"],
        species=found["species"],
        genera=found["genus"],
        families=found["family"],
        sources=active,
    )
