"""Finding taxa by parts of their names (contract X2)."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.errors import Refusal
from services.animals.models import CommonName, Taxon
from services.animals.schemas.taxonomy import TaxonMinimal
from services.animals.taxa import ACCEPTED, minimal
from services.animals.wildcards import containing

DEFAULT_LIMIT: Final = 20
MAX_LIMIT: Final = 100


class NothingAsked(Refusal):
    sentence = "At least one search parameter is required (q, genus, species, or common_name)"


@dataclass(frozen=True, slots=True)
class Criteria:
    """What the player typed; empty fields do not count. All given ones must hold."""

    q: str = ""
    genus: str = ""
    species: str = ""
    common_name: str = ""
    rank: str = ""
    kingdom: str = ""
    limit: str = ""

    def bounded_limit(self) -> int:
        """1 to 100; the default for what is no number."""
        try:
            number = float(self.limit)
        except ValueError:
            return DEFAULT_LIMIT
        return int(min(max(number, 1), MAX_LIMIT)) if number == number else DEFAULT_LIMIT


async def search_taxa(session: AsyncSession, criteria: Criteria) -> list[TaxonMinimal]:
    """Accepted taxa, the most complete first.

    Raises:
        NothingAsked: no name, or part of one.
    """
    if not (criteria.q or criteria.genus or criteria.species or criteria.common_name):
        raise NothingAsked
    query = select(Taxon).where(Taxon.status.in_(ACCEPTED), *_conditions(criteria))
    query = query.order_by(Taxon.completeness_score.desc(), Taxon.scientific_name, Taxon.id)
    taxa = await session.scalars(query.limit(criteria.bounded_limit()))
    return await minimal(session, taxa.all())


def _conditions(criteria: Criteria) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if criteria.genus:
        conditions.append(Taxon.genus.ilike(containing(criteria.genus)))
    if criteria.species:
        conditions.append(Taxon.specific_epithet.ilike(containing(criteria.species)))
    if criteria.common_name:
        conditions.append(Taxon.id.in_(_called(criteria.common_name)))
    if criteria.q:
        # A union and not one OR, so that each half goes by its own trigram index.
        part = containing(criteria.q)
        named = select(Taxon.id).where(
            or_(Taxon.scientific_name.ilike(part), Taxon.genus.ilike(part), Taxon.specific_epithet.ilike(part))
        )
        conditions.append(Taxon.id.in_(named.union(_called(criteria.q))))
    if criteria.rank:
        conditions.append(Taxon.rank == criteria.rank)
    if criteria.kingdom:
        conditions.append(func.lower(Taxon.kingdom) == func.lower(criteria.kingdom))
    return conditions


def _called(part: str) -> Select[Any]:
    return select(CommonName.taxon_id).where(CommonName.name.ilike(containing(part)))
