"""The taxonomy over HTTP, all of it public (contract X2–X9)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from libs.common.auth import maybe_player
from libs.common.bodies import body
from libs.common.db import Session
from libs.common.pages import Listed, Page, Paging
from services.animals import search, statistics, taxa
from services.animals.routes.asked import Asked, AskedFor
from services.animals.routes.counted import CountedPaging
from services.animals.schemas.taxonomy import Children, Claim, Source, Taxon, TaxonMinimal, TaxonomyStats, Verdict

# A broken token is refused on public paths, too (contract G4).
router = APIRouter(prefix="/api/v1", tags=["taxonomy"], dependencies=[Depends(maybe_player)])


@router.get("/taxonomy/search/")
async def search_taxonomy(
    session: Session,
    q: AskedFor = "",
    genus: Asked = "",
    species: Asked = "",
    common_name: Asked = "",
    rank: Asked = "",
    kingdom: Asked = "",
    limit: Asked = "",
) -> Listed[TaxonMinimal]:
    """Accepted taxa whose names contain what is asked (X2)."""
    criteria = search.Criteria(q, genus, species, common_name, rank, kingdom, limit)
    return Listed.of(await search.search_taxa(session, criteria))


@router.post("/taxonomy/validate/")
async def validate_name(session: Session, claim: Annotated[Claim, body(Claim)]) -> Verdict:
    """Whether the taxonomy knows a name; creates nothing (X3)."""
    return await taxa.validate(session, claim)


@router.get("/taxonomy/stats/")
async def show_statistics(session: Session) -> TaxonomyStats:
    """How much the taxonomy holds (X8)."""
    return await statistics.count_taxonomy(session)


@router.get("/taxonomy/")
async def list_taxa(session: Session, paging: CountedPaging) -> Page[TaxonMinimal]:
    """All accepted taxa by name, fifty a page (X4)."""
    total = (await statistics.count_taxonomy(session)).total_taxa
    return paging.around(await taxa.list_taxa(session, paging.window), total)


@router.get("/taxonomy/{taxon_id:uuid}/")
async def show_taxon(session: Session, taxon_id: UUID) -> Taxon:
    """One accepted taxon (X5)."""
    return await taxa.show_taxon(session, taxon_id)


@router.get("/taxonomy/{taxon_id:uuid}/lineage/")
async def show_lineage(session: Session, taxon_id: UUID) -> Listed[TaxonMinimal]:
    """From the root down to a taxon (X6)."""
    return Listed.of(await taxa.lineage(session, taxon_id))


@router.get("/taxonomy/{taxon_id:uuid}/children/")
async def show_children(session: Session, taxon_id: UUID, direct: Asked = "true") -> Children:
    """The taxa below one, only the next or all (X7)."""
    direct_only = direct.lower() not in ("false", "0")
    found = await taxa.children(session, taxon_id, direct_only=direct_only)
    return Children(count=len(found), direct_only=direct_only, results=found)


@router.get("/sources/")
async def list_sources(session: Session, paging: Paging) -> Page[Source]:
    """Where taxa come from (X9)."""
    return await paging.of(session, taxa.list_sources(), Source.model_validate, whole_row=False)


@router.get("/sources/{source_id:uuid}/")
async def show_source(session: Session, source_id: UUID) -> Source:
    """One source of taxa (X9)."""
    return Source.model_validate(await taxa.show_source(session, source_id))
