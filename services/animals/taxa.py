"""Single taxa, their relatives and their sources (contract X3–X9)."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import Select, func, literal, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from libs.common.errors import NotFound
from services.animals.matching import match, match_common_name
from services.animals.models import CommonName, DataSource, GeographicDistribution, Taxon
from services.animals.names import Name
from services.animals.schemas import taxonomy as answers

ACCEPTED: Final = ("accepted", "provisional")
MAX_CHILDREN: Final = 1000
MAX_DEPTH: Final = 60


async def minimal(session: AsyncSession, taxa: Sequence[Taxon]) -> list[answers.TaxonMinimal]:
    """The taxa as lists show them, in the same order; two more statements, however many there are."""
    called = await _common_names(session, [taxon.id for taxon in taxa])
    names = {row.id: row.name for row in await session.execute(select(DataSource.id, DataSource.name))}
    return [answers.TaxonMinimal.of(taxon, names[taxon.source_id], called.get(taxon.id, [])) for taxon in taxa]


async def list_taxa(session: AsyncSession, window: tuple[int, int]) -> list[answers.TaxonMinimal]:
    """Accepted taxa by name (X4); `window` is offset and limit."""
    offset, limit = window
    # Only ids are skipped over, in an index that has nothing else; as text, because it is one for accepted taxa.
    page = select(Taxon.id).where(text("status = 'accepted'")).order_by(Taxon.scientific_name, Taxon.id)
    found = page.offset(offset).limit(limit).subquery()
    query = select(Taxon).join(found, found.c.id == Taxon.id).order_by(Taxon.scientific_name, Taxon.id)
    return await minimal(session, (await session.scalars(query)).all())


async def show_taxon(session: AsyncSession, taxon_id: UUID) -> answers.Taxon:
    """Everything about an accepted taxon.

    Raises:
        NotFound: unknown, or not accepted.
    """
    return await _full(session, await _accepted(session, taxon_id))


async def lineage(session: AsyncSession, taxon_id: UUID) -> list[answers.TaxonMinimal]:
    """From the root down to the taxon.

    Raises:
        NotFound: unknown, or not accepted.
    """
    await _accepted(session, taxon_id)
    start = select(Taxon.id, Taxon.parent_id, literal(0).label("height"))
    up = start.where(Taxon.id == taxon_id).cte("up", recursive=True)
    parent = aliased(Taxon)
    up = up.union_all(
        select(parent.id, parent.parent_id, up.c.height + 1)
        .join(up, up.c.parent_id == parent.id)
        .where(up.c.height < MAX_DEPTH)
    )
    taxa = await session.scalars(select(Taxon).join(up, up.c.id == Taxon.id).order_by(up.c.height.desc()))
    return await minimal(session, taxa.all())


async def children(session: AsyncSession, taxon_id: UUID, *, direct_only: bool) -> list[answers.TaxonMinimal]:
    """The taxa below, only the next ones or all of them, by name; of more than a thousand the nearest.

    Raises:
        NotFound: unknown, or not accepted.
    """
    await _accepted(session, taxon_id)
    below = select(Taxon.id).where(Taxon.parent_id == taxon_id)
    if not direct_only:
        down = below.cte("down", recursive=True)
        child = aliased(Taxon)
        down = down.union(select(child.id).join(down, child.parent_id == down.c.id))
        # Goes down step by step and ends early: below a kingdom there are millions.
        below = select(down.c.id).limit(MAX_CHILDREN)
    query = select(Taxon).where(Taxon.id.in_(below), Taxon.status.in_(ACCEPTED))
    taxa = await session.scalars(query.order_by(Taxon.scientific_name, Taxon.id).limit(MAX_CHILDREN))
    return await minimal(session, taxa.all())


async def validate(session: AsyncSession, claim: answers.Claim) -> answers.Verdict:
    """Whether the taxonomy knows the name; creates nothing."""
    name = Name.parse(claim.scientific_name)
    if name is not None:
        taxon = await match(session, name, claim.common_name)
    else:
        taxon = await match_common_name(session, claim.common_name)
    if taxon is None:
        return answers.Verdict(valid=False, message=f"{claim.scientific_name} is not in the taxonomy.")
    same = taxon.scientific_name.lower() == claim.scientific_name.lower()
    message = "The name is valid." if same else f"The accepted name is {taxon.scientific_name}."
    return answers.Verdict(valid=True, message=message, taxonomy=await _full(session, taxon))


async def show_source(session: AsyncSession, source_id: UUID) -> DataSource:
    """An active source.

    Raises:
        NotFound: unknown, or not active.
    """
    source = await session.get(DataSource, source_id)
    if source is None or not source.is_active:
        raise NotFound
    return source


def list_sources() -> Select[DataSource]:
    """The query behind X9."""
    return select(DataSource).where(DataSource.is_active).order_by(DataSource.priority, DataSource.id)


async def _accepted(session: AsyncSession, taxon_id: UUID) -> Taxon:
    taxon = await session.get(Taxon, taxon_id)
    if taxon is None or taxon.status != "accepted":
        raise NotFound
    return taxon


async def _full(session: AsyncSession, taxon: Taxon) -> answers.Taxon:
    source = await session.get_one(DataSource, taxon.source_id)
    called = await _common_names(session, [taxon.id])
    return answers.Taxon.of(taxon, source, called.get(taxon.id, []), await distributions(session, taxon.id))


async def distributions(session: AsyncSession, taxon_id: UUID) -> Sequence[GeographicDistribution]:
    """Where a taxon lives, in the order of its source."""
    query = select(GeographicDistribution).where(GeographicDistribution.taxon_id == taxon_id)
    return (await session.scalars(query.order_by(GeographicDistribution.position))).all()


async def _common_names(session: AsyncSession, taxa: Sequence[UUID]) -> dict[UUID, list[CommonName]]:
    """English and preferred first, then English, then the rest."""
    english = CommonName.language == "eng"
    order = (english & CommonName.is_preferred).desc(), english.desc(), func.lower(CommonName.name)
    found: dict[UUID, list[CommonName]] = {}
    query = select(CommonName).where(CommonName.taxon_id.in_(taxa)).order_by(CommonName.taxon_id, *order)
    for name in await session.scalars(query):
        found.setdefault(name.taxon_id, []).append(name)
    return found
