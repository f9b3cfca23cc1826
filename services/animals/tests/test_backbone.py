"""The built-in taxonomy: what it holds, and that filling it again changes nothing."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import Text, cast, func, literal_column, select, update
from sqlalchemy.dialects.postgresql import aggregate_order_by

from libs.common.db import Database
from services.animals.backbone import RELEASE, TaxonomyNotFilled, fill, require_taxonomy
from services.animals.backbone_rows import read_backbone
from services.animals.models import CommonName, DataSource, Taxon


async def taxon(db: Database, name: str) -> Taxon:
    async with db.reading() as session:
        found = await session.scalars(select(Taxon).where(Taxon.scientific_name == name, Taxon.status == "accepted"))
        return found.one()


async def test_a_species_has_its_ranks_in_columns(db: Database) -> None:
    lion = await taxon(db, "Panthera leo")
    ranks = (lion.kingdom, lion.phylum, lion.class_name, lion.order, lion.family, lion.subfamily, lion.genus)
    assert ranks == ("Animalia", "Chordata", "Mammalia", "Carnivora", "Felidae", "Pantherinae", "Panthera")
    assert (lion.generic_name, lion.specific_epithet, lion.infraspecific_epithet) == ("Panthera", "leo", "")
    assert str(lion.completeness_score) == "1.00"


async def test_the_kingdom_is_called_animalia(db: Database) -> None:
    async with db.reading() as session:
        kingdoms = (await session.scalars(select(Taxon.kingdom).distinct())).all()
    assert kingdoms == ["Animalia"]


@pytest.mark.parametrize(
    ("name", "status"),
    [("Ursus maritimus", "VU"), ("Passer domesticus", "LC"), ("Canis lupus familiaris", "NE"), ("Vulpes vulpes", "NE")],
)
async def test_an_unknown_status_is_not_least_concern(db: Database, name: str, status: str) -> None:
    assert (await taxon(db, name)).conservation_status == status


async def test_a_synonym_leads_to_the_accepted_name(db: Database) -> None:
    async with db.reading() as session:
        synonym = (await session.scalars(select(Taxon).where(Taxon.scientific_name == "Felis concolor"))).one()
    assert synonym.status == "synonym"
    assert synonym.accepted_id == (await taxon(db, "Puma concolor")).id


def test_every_file_of_the_data_folder_is_taken_in() -> None:
    backbone = read_backbone()
    names = {row.scientific_name for row in backbone.taxa}
    assert {"Triceratops", "Trilobita", "Macropus rufus", "Canis lupus domesticus"} <= names
    assert len({row.key for row in backbone.taxa}) == len(backbone.taxa)


async def test_filling_again_keeps_every_taxon_and_its_id(db: Database) -> None:
    before = await _contents(db)
    async with db.transaction() as session:
        version = await session.scalar(update(DataSource).values(release="an older one").returning(DataSource.version))
    # Three replicas start at once: one fills, the others find it done or look again later.
    answers = await asyncio.gather(fill(db), fill(db), fill(db))
    assert True in answers
    assert await fill(db)
    assert await _contents(db) == before
    async with db.reading() as session:
        assert await session.scalar(select(DataSource.version)) == version + 1
        assert await session.scalar(select(DataSource.release)) == RELEASE


async def test_an_import_is_told_once(db: Database, told: Any) -> None:
    assert await fill(db)
    assert await told("taxonomy.imported") == []


async def test_names_have_to_wait_for_the_first_import(db: Database) -> None:
    with pytest.raises(TaxonomyNotFilled):
        async with db.transaction() as session:
            # Rolled back with the transaction.
            await session.execute(update(DataSource).values(release=""))
            await require_taxonomy(session)


async def _contents(db: Database) -> tuple[object, ...]:
    """A fingerprint of all taxa by id, and how many names they have."""
    ordered = aggregate_order_by(literal_column("','"), Taxon.source_taxon_id)
    ids = func.string_agg(cast(Taxon.id, Text), ordered)
    async with db.reading() as session:
        fingerprint = await session.scalar(select(func.md5(ids)))
        names = await session.scalar(select(func.count()).select_from(CommonName))
    return fingerprint, names
