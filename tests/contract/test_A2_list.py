"""A2: the public list of animals."""

import pytest

from deploy.local.player import Player
from tests.answers import Ask, Json, body_of
from tests.contract.captures import animal_named, unheard_name
from tests.contract.objects_of_animals import ANIMAL_LIST_ITEM
from tests.shapes import fits, page_of

WORD = unheard_name().split()[1]
FAMILY = WORD.capitalize()


@pytest.fixture(scope="module")
async def family(ask: Ask, ada: Player) -> list[Json]:
    """Three animals of a family of their own."""
    common = {"family": FAMILY, "phylum": "Chordata", "kingdom": "Animalia"}
    names = ((f"Zebrus {WORD}", "Striped thing"), (f"Aquila {WORD}", "Feathered thing"), (f"Milvus {WORD}", "Kite"))
    return [await animal_named(ask, ada, name, common_name=called, **common) for name, called in names]


async def names_of(ask: Ask, query: str) -> list[str]:
    body = body_of(await ask(None, "GET", f"/animals/?family={FAMILY}{query}"))
    fits(body, page_of(ANIMAL_LIST_ITEM))
    return [each["scientific_name"].split()[0] for each in body["results"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["Zebrus", "Aquila", "Milvus"]),
        ("&ordering=-creation_index", ["Milvus", "Aquila", "Zebrus"]),
        ("&ordering=created_at", ["Zebrus", "Aquila", "Milvus"]),
        ("&ordering=-created_at", ["Milvus", "Aquila", "Zebrus"]),
        ("&ordering=scientific_name", ["Aquila", "Milvus", "Zebrus"]),
        ("&ordering=-scientific_name", ["Zebrus", "Milvus", "Aquila"]),
        ("&kingdom=Animalia&phylum=Chordata", ["Zebrus", "Aquila", "Milvus"]),
        ("&phylum=Mollusca", []),
        ("&kingdom=animalia", []),
        ("&conservation_status=NE&verified=false", ["Zebrus", "Aquila", "Milvus"]),
        ("&conservation_status=CR", []),
        ("&verified=true", []),
        ("&search=THING", ["Zebrus", "Aquila"]),
        ("&search=thing,striped", ["Zebrus"]),
        ("&search=milv", ["Milvus"]),
        (f"&search=kite%20{WORD}", ["Milvus"]),
        ("&search=kite%20thing", []),
    ],
)
async def test_filters_search_and_order(ask: Ask, family: list[Json], query: str, expected: list[str]) -> None:
    assert await names_of(ask, query) == expected


async def test_it_is_public(ask: Ask, ada: Player, family: list[Json]) -> None:
    query = f"/animals/?family={FAMILY}"
    for_nobody, for_ada = body_of(await ask(None, "GET", query)), body_of(await ask(ada, "GET", query))
    assert {each["created_by_username"] for each in for_nobody["results"]} == {None}
    assert {each["created_by_username"] for each in for_ada["results"]} == {ada.name}
