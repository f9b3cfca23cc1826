"""However a search is carried out, it finds what its definition says (contract X2)."""

from typing import Any

import pytest
from sqlalchemy import ColumnElement, or_, select, update

from libs.common.db import Database
from services.animals import search
from services.animals.models import SEARCHED_HEAD, CommonName, Taxon
from services.animals.search import Criteria, search_taxa

ASKED = [
    # Parts that many names have, that few have, and that none has; of one, two, three and more letters.
    *(
        Criteria(q=part)
        for part in ("a", "us", "zw", "qz", "PANT", "us m", "s l", "'s", "ü", "gray wolf", "ensis", "–")
    ),
    *(Criteria(genus=part) for part in ("c", "zy", "Pseudo", "canis", "s p")),
    *(Criteria(species=part) for part in ("x", "wi", "lupus", "familiaris")),
    *(Criteria(common_name=part) for part in ("o", "zw", "wolf", "house mouse", "E. P")),
    Criteria(genus="a", species="b", common_name="c"),
    Criteria(genus="Panthera", common_name="leopard"),
    Criteria(q="pan", rank="genus", kingdom="ANIMALIA"),
    Criteria(q="an", rank="family"),
    Criteria(q="wolf", kingdom="Plantae"),
    Criteria(q="a", rank="kingdom", limit="100"),
]


async def by_definition(db: Database, asked: Criteria) -> list[str]:
    """The contract's words, one after the other, with no thought of speed."""

    def contains(column: Any, part: str) -> ColumnElement[bool]:
        escaped = part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        found: ColumnElement[bool] = column.ilike(f"%{escaped}%")
        return found

    def called(part: str) -> ColumnElement[bool]:
        return Taxon.id.in_(select(CommonName.taxon_id).where(contains(CommonName.name, part)))

    query = select(Taxon.id).where(Taxon.status.in_(["accepted", "provisional"]))
    if asked.q:
        columns = (Taxon.scientific_name, Taxon.genus, Taxon.specific_epithet)
        query = query.where(or_(*(contains(column, asked.q) for column in columns), called(asked.q)))
    if asked.genus:
        query = query.where(contains(Taxon.genus, asked.genus))
    if asked.species:
        query = query.where(contains(Taxon.specific_epithet, asked.species))
    if asked.common_name:
        query = query.where(called(asked.common_name))
    if asked.rank:
        query = query.where(Taxon.rank == asked.rank)
    if asked.kingdom:
        query = query.where(Taxon.kingdom.ilike(asked.kingdom))
    query = query.order_by(Taxon.completeness_score.desc(), Taxon.scientific_name, Taxon.id)
    async with db.reading() as session:
        return [str(id) for id in await session.scalars(query.limit(asked.bounded_limit()))]


@pytest.mark.parametrize("walked", [0, 200, 10_000])
async def test_every_way_of_searching_finds_the_same(
    db: Database, monkeypatch: pytest.MonkeyPatch, walked: int
) -> None:
    monkeypatch.setattr(search, "WALKED", walked)
    for asked in ASKED:
        async with db.reading() as session:
            found = [str(taxon.id) for taxon in await search_taxa(session, asked)]
        assert found == await by_definition(db, asked), asked


async def test_names_beyond_what_the_index_carries_are_found(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    long = "x" * SEARCHED_HEAD + " unheard of name qzj"
    async with db.transaction() as session:
        wolf = await session.scalar(select(Taxon.id).where(Taxon.scientific_name == "Canis lupus"))
        before = await session.scalar(select(Taxon.searched).where(Taxon.id == wolf))
        await session.execute(update(Taxon).where(Taxon.id == wolf).values(searched=f"{before}\x1f{long}"))
    try:
        for part, walked in (("qzj", 10_000), ("zj", 10_000), ("qzj", 1_000_000), ("qzj", 0)):
            monkeypatch.setattr(search, "WALKED", walked)
            async with db.reading() as session:
                assert [taxon.id for taxon in await search_taxa(session, Criteria(q=part))] == [wolf], part
    finally:
        async with db.transaction() as session:
            await session.execute(update(Taxon).where(Taxon.id == wolf).values(searched=before))


async def test_nothing_is_found_across_two_names(db: Database) -> None:
    async with db.reading() as session:
        assert await search_taxa(session, Criteria(q="lupus\x1fgray")) == []
