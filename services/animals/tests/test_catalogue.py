"""A Catalogue of Life imported: what of it is stored, and what it changes (contract B11)."""

from typing import Any

from sqlalchemy import select, text

from libs.common.db import Database
from services.animals.models import (
    CommonName,
    GeographicDistribution,
    NameRelation,
)
from services.animals.tests.conftest import Import
from services.animals.tests.small_catalogue import imported_taxa, usages


async def test_names_are_stored_in_the_words_of_the_taxonomy(db: Database, importing: Import) -> None:
    done = await importing()
    found = await imported_taxa(db)
    assert sorted(found) == ["A", "B", "C", "D", "DA", "DL", "F", "G", "K", "L", "M", "S", "X"]
    assert (done.merged.taxa, done.rows_read, done.rows_skipped) == (13, 16 + 7 + 2 + 5, 3)
    statuses = {key: found[key].status for key in ("L", "DL", "DA", "S", "B")}
    assert statuses == {
        "L": "accepted",
        "DL": "synonym",
        "DA": "ambiguous",
        "S": "provisional",
        "B": "doubtful",
    }
    assert {taxon.nomenclatural_code for taxon in found.values()} == {"iczn", ""}
    assert (found["L"].extinct, found["D"].extinct, found["X"].extinct) == (False, None, True)
    assert found["S"].environment == ["marine", "terrestrial"]
    assert found["L"].source_url == "https://www.catalogueoflife.org/data/taxon/L"
    assert found["D"].authorship == '"Linnaeus", 1758'
    assert found["S"].scientific_name == 'Canis "novus'


async def test_ranks_parents_and_accepted_names_are_resolved(db: Database, importing: Import) -> None:
    await importing()
    found = await imported_taxa(db)
    for key in ("L", "DL"):
        taxon = found[key]
        ranks = (taxon.kingdom, taxon.phylum, taxon.class_name, taxon.order, taxon.family, taxon.genus)
        assert ranks == ("Animalia", "Chordata", "Mammalia", "Carnivora", "Canidae", "Canis")
        assert str(taxon.completeness_score) == "1.00"
    assert str(found["F"].completeness_score) == "0.83"
    assert (found["L"].parent_id, found["L"].accepted_id) == (found["G"].id, None)
    assert (found["DL"].parent_id, found["DL"].accepted_id) == (None, found["D"].id)
    assert found["A"].parent_id is None


async def test_common_names_relations_and_distributions_come_with_the_first_import(
    db: Database, importing: Import
) -> None:
    await importing()
    found = await imported_taxa(db)
    dog, wolf = found["D"].id, found["L"].id
    async with db.reading() as session:
        names = await session.scalars(select(CommonName).where(CommonName.taxon_id.in_([dog, wolf])))
        assert sorted((name.name, name.language, name.country, name.is_preferred) for name in names) == [
            ("Hund", "deu", "DE", True),
            ("dog", "eng", "", True),
            ("domestic dog", "eng", "", False),
            # Twice in the file: `en` and `eng` are one, and once preferred is preferred.
            ("gray wolf", "eng", "US", True),
            ("perro", "spa", "ES", True),
        ]
        relations = (await session.scalars(select(NameRelation))).all()
        assert [(one.taxon_id, one.related_taxon_id) for one in relations] == [(found["DA"].id, wolf)]
        areas = await session.scalars(
            select(GeographicDistribution.threat_status)
            .where(GeographicDistribution.taxon_id == wolf)
            .order_by(GeographicDistribution.position)
        )
        assert list(areas) == ["VU", "LC", "", ""]


async def test_the_first_iucn_code_counts_and_extinct_is_the_second_best(db: Database, importing: Import) -> None:
    await importing()
    found = await imported_taxa(db)
    assert {key: found[key].conservation_status for key in "LDXS"} == {"L": "VU", "D": "NE", "X": "EX", "S": "EX"}


async def test_an_import_makes_search_work_and_the_dog_a_dog(
    importing: Import, client: Any, sign_in: Any, told: Any
) -> None:
    await importing()
    for asked in ({"genus": "Canis", "species": "familiaris"}, {"common_name": "perro"}, {"q": "hund"}):
        answer = (await client.get("/api/v1/taxonomy/search/", params=asked)).json()
        assert "Catalogue of Life" in [taxon["source_name"] for taxon in answer["results"]], asked
    verdict = (
        await client.post("/api/v1/taxonomy/validate/", json={"scientific_name": "Canis lupus familiaris"})
    ).json()
    assert verdict["taxonomy"]["scientific_name"] == "Canis familiaris"
    assert verdict["taxonomy"]["source"]["short_code"] == "col"
    sources = (await client.get("/api/v1/sources/")).json()["results"]
    assert (sources[0]["short_code"], sources[0]["priority"], sources[0]["license"]) == ("col", 10, "CC BY 4.0")
    [event] = await told("taxonomy.imported")
    assert (event["source"], event["release"], event["taxa"], event["names"]) == ("col", "2026-11-01", 13, 5)


async def test_an_animal_learns_its_status_and_regions_from_the_catalogue(
    db: Database, importing: Import, client: Any, sign_in: Any
) -> None:
    await importing()
    body = {"scientific_name": "Canis lupus"}
    made = (await client.post("/api/v1/animals/lookup_or_create/", json=body, headers=sign_in())).json()["animal"]
    assert (made["conservation_status"], made["verified"], made["family"]) == ("VU", True, "Canidae")
    async with db.reading() as session:
        row = (
            await session.execute(text("SELECT native_regions, establishment_means, taxonomy_source FROM animals"))
        ).one()
    assert tuple(row) == (["Canada", "United States"], "native", "col")


async def test_the_kingdoms_are_chosen(db: Database, importing: Import) -> None:
    await importing(kingdoms=["plantae"])
    assert sorted(await imported_taxa(db)) == ["P", "PB", "PR"]


async def test_a_catalogue_without_kingdoms_is_taken_as_it_is(db: Database, importing: Import) -> None:
    await importing(NameUsage=usages("1||accepted|species|Foo bar|||||||||", "2|1|synonym|species|Foo baz|||||||||"))
    found = await imported_taxa(db)
    assert (found["1"].genus, found["1"].generic_name, found["1"].specific_epithet) == ("Foo", "Foo", "bar")
    assert found["2"].accepted_id == found["1"].id


async def test_parents_in_a_circle_end_nothing(db: Database, importing: Import, client: Any) -> None:
    lines = ("1|2|accepted|genus|Ouroboros|||||||||", "2|1|accepted|family|Ouroboridae|||||||||")
    await importing(NameUsage=usages(*lines))
    found = await imported_taxa(db)
    for path in ("lineage/", "children/?direct=false"):
        answer = await client.get(f"/api/v1/taxonomy/{found['1'].id}/{path}")
        assert answer.status_code == 200
