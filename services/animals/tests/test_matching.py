"""From a name to the taxon it means (contract B3)."""

import csv
from pathlib import Path

import pytest
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.db import Database
from services.animals.matching import match
from services.animals.models import CommonName, DataSource, Taxon
from services.animals.names import Name

CLASSIFIER_NAMES = Path(__file__).parent / "classifier_names.csv"
# The backbone has these as parts of the wolf, the Cebidae and the Carabidae.
RANKED_OTHERWISE = {"Canis familiaris": "subspecies", "Callitrichidae": "subfamily", "Cicindelidae": "subfamily"}


async def meant(db: Database, text: str, common_name: str = "") -> str | None:
    name = Name.parse(text)
    assert name is not None
    async with db.reading() as session:
        taxon = await match(session, name, common_name)
    return None if taxon is None else taxon.scientific_name


@pytest.mark.parametrize(
    ("asked", "common_name", "expected"),
    [
        ("Panthera leo", "", "Panthera leo"),
        ("panthera".capitalize() + " leo", "lion", "Panthera leo"),
        ("Canis lupus", "gray wolf", "Canis lupus"),
        ("Felis concolor", "cougar", "Puma concolor"),
        ("Lithobates catesbeianus", "", "Aquarana catesbeiana"),
        ("Panthera leo persica", "Asiatic lion", "Panthera leo"),
        ("Gallus gallus domesticus", "chicken", "Gallus gallus"),
        ("Macropus rufus", "red kangaroo", "Osphranter rufus"),
        ("Sus scrofa domestica", "pig", "Sus scrofa domesticus"),
        ("Canis", "", "Canis"),
        ("Xenopus", "", "Xenopus"),
        ("Foo bar", "wolf", None),
        ("Foo bar", "gray wolf", None),
        ("Mus mus", "", None),
        ("Canis foo", "dog", None),
        ("Foo", "gray wolf", None),
    ],
)
async def test_the_first_rule_that_fits_wins(db: Database, asked: str, common_name: str, expected: str | None) -> None:
    assert await meant(db, asked, common_name) == expected


@pytest.mark.parametrize(
    ("asked", "common_name"),
    [
        ("Canis lupus familiaris", "domestic dog"),
        ("Canis lupus familiaris", ""),
        ("Canis familiaris", "dog"),
        ("Canis familiaris", "golden retriever"),
        ("Canis lupus domesticus", ""),
        ("Canis lupus vulgaris", "dog"),
    ],
)
async def test_the_dog_is_never_the_wolf(db: Database, asked: str, common_name: str) -> None:
    assert await meant(db, asked, common_name) == "Canis lupus familiaris"


async def test_an_unknown_subspecies_of_the_wolf_is_a_wolf_and_not_a_dog(db: Database) -> None:
    assert await meant(db, "Canis lupus italicus", "Italian wolf") == "Canis lupus"


async def test_every_class_of_the_offline_identifier_is_known_at_its_rank(db: Database) -> None:
    unknown = []
    with CLASSIFIER_NAMES.open(encoding="utf-8", newline="") as file:
        expected = [(row["scientific_name"], row["rank"]) for row in csv.DictReader(file)]
    async with db.reading() as session:
        for text, rank in expected:
            name = Name.parse(text)
            taxon = await match(session, name) if name else None
            if taxon is None or taxon.rank != RANKED_OTHERWISE.get(text, rank):
                unknown.append(text)
    assert len(expected) > 200
    assert unknown == []


async def test_a_catalogue_that_counts_more_is_asked_first(db: Database) -> None:
    """The Catalogue of Life calls the dog Canis familiaris, and the trinomial its synonym (contract B2)."""
    async with db.transaction() as session:
        source = await _catalogue_of_life(session)
    try:
        assert await meant(db, "Canis lupus familiaris", "domestic dog") == "Canis familiaris"
        assert await meant(db, "Canis lupus", "wolf") == "Canis lupus"
    finally:
        async with db.transaction() as session:
            await session.execute(delete(Taxon).where(Taxon.source_id == source.id))
            await session.execute(delete(DataSource).where(DataSource.id == source.id))


async def _catalogue_of_life(session: AsyncSession) -> DataSource:
    source = DataSource(
        name="COL", short_code="col", full_name="", url="", update_frequency="", license="", priority=10, release="x"
    )
    session.add(source)
    await session.flush()
    dog = _taxon(source, "Canis familiaris", "accepted", ("Canis", "familiaris", ""))
    session.add(dog)
    await session.flush()
    synonym = _taxon(source, "Canis lupus familiaris", "synonym", ("Canis", "lupus", "familiaris"))
    synonym.accepted_id = dog.id
    session.add_all([synonym, CommonName(taxon_id=dog.id, name="dog", language="eng", country="", is_preferred=True)])
    return source


def _taxon(source: DataSource, name: str, status: str, parts: tuple[str, str, str]) -> Taxon:
    blank = dict.fromkeys(("phylum", "class_name", "order", "family", "subfamily", "authorship", "source_url"), "")
    return Taxon(
        source_id=source.id,
        source_taxon_id=name,
        scientific_name=name,
        status=status,
        rank="species",
        kingdom="Animalia",
        genus=parts[0],
        generic_name=parts[0],
        specific_epithet=parts[1],
        infraspecific_epithet=parts[2],
        environment=[],
        nomenclatural_code="iczn",
        completeness_score=1,
        conservation_status="NE",
        **blank,
    )
