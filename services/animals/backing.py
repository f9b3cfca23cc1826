"""What the taxonomy says of a taxon besides its row, for the animal that is made of it (contract B3)."""

from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.animals.candidates import Backing
from services.animals.models import DataSource, GeographicDistribution, Taxon

MAX_REGIONS: Final = 10
NATIVE: Final = ("native", "endemic", "native endemic", "nativeendemic", "native: endemic")
"""What sources call a region in which a taxon has always lived."""


async def backing_of(session: AsyncSession, taxon: Taxon) -> Backing:
    """Two short reads by key."""
    source = await session.get_one(DataSource, taxon.source_id)
    place = GeographicDistribution
    name = func.coalesce(func.nullif(place.area_name, ""), place.area_code)
    query = (
        select(name)
        .where(place.taxon_id == taxon.id, name != "")
        .where(place.establishment_means.in_(NATIVE) | place.occurrence_status.in_(NATIVE))
        .group_by(name)
        .order_by(func.min(place.position))
        .limit(MAX_REGIONS)
    )
    return Backing(source.short_code, tuple(await session.scalars(query)))
