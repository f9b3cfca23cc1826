"""X1: how a taxon looks in lists and in full."""

from tests.answers import Ask, body_of
from tests.contract.objects_of_animals import TAXON, TAXON_MINIMAL
from tests.contract.taxa import taxon_named
from tests.shapes import fits

TEXTS = ("kingdom", "phylum", "class_name", "order", "family", "genus", "specific_epithet", "infraspecific_epithet")


async def test_in_lists(ask: Ask) -> None:
    for query in ("q=canis", "common_name=owl", "genus=bison", "kingdom=animalia&q=zz"):
        for taxon in body_of(await ask(None, "GET", f"/taxonomy/search/?{query}&limit=100"))["results"]:
            fits(taxon, TAXON_MINIMAL)


async def test_in_full(ask: Ask) -> None:
    bison = await taxon_named(ask, "Bison bison")
    taxon = body_of(await ask(None, "GET", f"/taxonomy/{bison['id']}/"))
    fits(taxon, TAXON)
    assert taxon["full_hierarchy"] | {"subspecies": ""} == {
        "kingdom": "Animalia",
        "phylum": "Chordata",
        "class": "Mammalia",
        "order": "Artiodactyla",
        "family": "Bovidae",
        "genus": "Bison",
        "species": taxon["full_hierarchy"]["species"],
        "subspecies": "",
    }
    assert taxon["rank"] == {"name": "species", "level": 70, "plural": "species"}
    assert {key: taxon[key] for key in TEXTS} == {key: bison[key] for key in TEXTS}


async def test_english_names_come_first(ask: Ask) -> None:
    for taxon in body_of(await ask(None, "GET", "/taxonomy/search/?q=canis&limit=100"))["results"]:
        kinds = [(each["language"] not in ("en", "eng"), not each["is_preferred"]) for each in taxon["common_names"]]
        assert kinds == sorted(kinds), taxon["scientific_name"]
    wolf = await taxon_named(ask, "Canis lupus")
    assert "wolf" in wolf["common_names"][0]["name"].lower()
