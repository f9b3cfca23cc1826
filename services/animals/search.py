"""Finding taxa by parts of their names, the most complete first (contract X2).

Every part must be contained in what a taxon's `searched` holds; that is where the indexes are, and what the fields say
is then looked at for the few that are left. Parts that many names have are found by walking in the order of the answer
and stopping early, parts that few have by their trigrams. Neither alone is fast for both, and which it is, only trying
tells: so the walk is tried first, for a bounded number of names.
"""

import re
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.errors import Refusal
from services.animals.models import NAME_SEPARATOR, OFFERED, SEARCHED_HEAD, CommonName, Taxon
from services.animals.schemas.taxonomy import TaxonMinimal
from services.animals.taxa import minimal
from services.animals.wildcards import containing

DEFAULT_LIMIT: Final = 20
MAX_LIMIT: Final = 100
WALKED: Final = 10_000
"""Names looked at in the order of the answer before the trigrams are asked: some 5 ms."""
ALL: Final = 2**31 - 1
IN_INDEX: Final = (Taxon.searched_head, Taxon.rank, Taxon.kingdom)
A_TRIGRAM: Final = re.compile(r"\w{3}")


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

    def parts(self) -> list[str]:
        """What a taxon's names must contain, in small letters."""
        return [part.lower() for part in (self.q, self.genus, self.species, self.common_name) if part]

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
    parts = criteria.parts()
    if not parts:
        raise NothingAsked
    if any(NAME_SEPARATOR in part for part in parts):
        return []
    limit = criteria.bounded_limit()
    found = await _walk(session, criteria, limit, WALKED)
    if len(found) < limit:
        # Two letters are in no trigram: the walk goes on to the end, over an index that holds all it looks at.
        has_trigrams = any(A_TRIGRAM.search(part) for part in parts)
        found = await (_by_trigrams(session, criteria, limit) if has_trigrams else _walk(session, criteria, limit, ALL))
    return await minimal(session, found)


async def _walk(session: AsyncSession, criteria: Criteria, limit: int, most: int) -> list[Taxon]:
    """The first of the first `most` taxa; all there are, if they are as many as the limit."""
    # No column besides those of the index, or each of these rows would be fetched from the table.
    columns = (Taxon.id, Taxon.completeness_score, Taxon.scientific_name, *IN_INDEX)
    order = (Taxon.completeness_score.desc(), Taxon.scientific_name, Taxon.id)
    first = select(*columns).where(text(OFFERED)).order_by(*order).limit(most).subquery()
    head = first.c.searched_head
    query = select(Taxon).join(first, first.c.id == Taxon.id)
    for part in criteria.parts():
        query = query.where(or_(head.like(containing(part)), func.length(head) == SEARCHED_HEAD))
    query = query.where(*_place(criteria, first.c), *_names(criteria))
    query = query.order_by(first.c.completeness_score.desc(), first.c.scientific_name, first.c.id)
    return list(await session.scalars(query.limit(limit)))


async def _by_trigrams(session: AsyncSession, criteria: Criteria, limit: int) -> list[Taxon]:
    found = [Taxon.searched.like(containing(part)) for part in criteria.parts()]
    query = select(Taxon).where(text(OFFERED), *found, *_place(criteria, Taxon), *_names(criteria))
    # An expression, so that the order's index is not taken for this.
    order = ((Taxon.completeness_score + 0).desc(), Taxon.scientific_name, Taxon.id)
    return list(await session.scalars(query.order_by(*order).limit(limit)))


def _place(criteria: Criteria, columns: Any) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if criteria.rank:
        conditions.append(columns.rank == criteria.rank)
    if criteria.kingdom:
        conditions.append(func.lower(columns.kingdom) == func.lower(criteria.kingdom))
    return conditions


def _names(criteria: Criteria) -> list[ColumnElement[bool]]:
    """Which of a taxon's names must contain which part, for a taxon that contains every part somewhere."""
    conditions: list[ColumnElement[bool]] = []
    if criteria.q:
        conditions.append(Taxon.searched.like(containing(criteria.q.lower())))
    if criteria.genus:
        conditions.append(Taxon.genus.ilike(containing(criteria.genus)))
    if criteria.species:
        conditions.append(Taxon.specific_epithet.ilike(containing(criteria.species)))
    if criteria.common_name:
        named = CommonName.name.ilike(containing(criteria.common_name))
        conditions.append(select(CommonName).where(CommonName.taxon_id == Taxon.id, named).exists())
    return conditions
