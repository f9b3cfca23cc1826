"""From a name to the taxon it means (contract B3)."""

import csv
from pathlib import Path

import pytest

from libs.common.db import Database
from services.animals.matching import match, match_common_name
from services.animals.names import Name
from services.animals.tests.conftest import Import
from services.animals.tests.small_catalogue import usages

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


async def test_a_catalogue_that_counts_more_is_asked_first(db: Database, importing: Import) -> None:
    """The Catalogue of Life calls the dog Canis familiaris, and the trinomial its synonym (contract B2)."""
    await importing()
    assert await meant(db, "Canis lupus familiaris", "domestic dog") == "Canis familiaris"
    assert await meant(db, "Canis familiaris") == "Canis familiaris"
    assert await meant(db, "Canis lupus", "wolf") == "Canis lupus"
    # What it does not know, the backbone does.
    assert await meant(db, "Panthera leo") == "Panthera leo"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("Foo rectus", "Foo verus"),
        ("Foo bar minor", "Foo minor"),
        ("Foo solus", "Foo solus"),
        ("Foo wrongus", None),
    ],
)
async def test_a_synonym_without_accepted_name_leads_to_another_form_of_it(
    db: Database, importing: Import, asked: str, expected: str | None
) -> None:
    lines = (
        "1||accepted|species|Foo verus|||||||||",
        "2||accepted|species|Foo minor|||||||||",
        "3||synonym|species|Foo rectus|||||||||",
        "4||synonym|subspecies|Foo bar minor|||||||||",
        "5||synonym|species|Foo solus|||||||||",
        "6||misapplied|species|Foo wrongus|||||||||",
    )
    relations = "nameID\trelatedNameID\ttype\n3\t2\tlater homonym\n3\t1\tSPELLING_CORRECTION\n"
    await importing(NameUsage=usages(*lines), NameRelation=relations)
    assert await meant(db, asked) == expected


@pytest.mark.parametrize(
    ("common_name", "expected"),
    [
        ("Gray Wolf", "Canis lupus"),
        ("polar bea", "Ursus maritimus"),
        ("qqqqzz", None),
        ("", None),
    ],
)
async def test_a_common_name_alone_is_found_whole_and_then_in_part(
    db: Database, common_name: str, expected: str | None
) -> None:
    async with db.reading() as session:
        taxon = await match_common_name(session, common_name)
    assert (taxon.scientific_name if taxon else None) == expected
