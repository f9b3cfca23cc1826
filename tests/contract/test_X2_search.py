"""X2: the search of the manual entry."""

import pytest

from tests.answers import Ask, Json, body_of, refused
from tests.contract.objects_of_animals import TAXON_MINIMAL
from tests.shapes import fits

NOTHING_ASKED = {"error": "At least one search parameter is required (q, genus, species, or common_name)"}


async def found(ask: Ask, query: str) -> list[Json]:
    body = body_of(await ask(None, "GET", f"/taxonomy/search/?{query}"))
    fits(body, {"count": int, "results": [TAXON_MINIMAL]})
    assert body["count"] == len(body["results"])
    results: list[Json] = body["results"]
    return results


def names(taxa: list[Json]) -> list[str]:
    return [each["scientific_name"] for each in taxa]


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("limit=20&genus=bison&species=bison&common_name=", "Bison bison"),
        ("limit=20&genus=&species=&common_name=koala", "Phascolarctos cinereus"),
        ("limit=20&genus=PHASCOL&species=CINER", "Phascolarctos cinereus"),
        ("q=Bison%20bison", "Bison bison"),
        ("q=koala", "Phascolarctos cinereus"),
        ("q=phascolarctos", "Phascolarctos cinereus"),
        ("species=cinereus&common_name=koala&genus=phascolarctos", "Phascolarctos cinereus"),
        ("q=bison&rank=species&kingdom=ANIMALIA", "Bison bison"),
    ],
)
async def test_it_is_found(ask: Ask, query: str, name: str) -> None:
    assert name in names(await found(ask, query))


@pytest.mark.parametrize(
    "query",
    [
        *("genus=bison&species=lupus", "common_name=koala&genus=bison", "q=koala&kingdom=plantae", "q=bison&rank=zzz"),
        *("q=%25%25", "q=_____", "q=zzzzzzzz", "q='%20OR%201=1--", "q=koala&kingdom=anima", "q=koala&rank=spec"),
    ],
)
async def test_nothing_is_found(ask: Ask, query: str) -> None:
    assert await found(ask, query) == []


@pytest.mark.parametrize("query", ["", "q=", "q=%20&genus=&species=&common_name=", "rank=species", "limit=20"])
async def test_nothing_is_asked(ask: Ask, query: str) -> None:
    refused(await ask(None, "GET", f"/taxonomy/search/?{query}"), 400, NOTHING_ASKED)


@pytest.mark.parametrize(
    ("limit", "most"),
    [("", 20), ("abc", 20), ("5", 5), ("0", 1), ("-7", 1), ("100", 100), ("1000", 100)],
)
async def test_the_limit(ask: Ask, limit: str, most: int) -> None:
    assert len(await found(ask, f"q=a&limit={limit}")) == most


async def test_every_term_narrows(ask: Ask) -> None:
    wide = await found(ask, "genus=canis&limit=100")
    narrow = await found(ask, "genus=canis&species=lupus&limit=100")
    assert len(narrow) < len(wide)
    assert all("lupus" in each["specific_epithet"].lower() for each in narrow)
    assert all("canis" in each["genus"].lower() for each in wide)


async def test_the_order(ask: Ask) -> None:
    taxa = await found(ask, "q=felis&limit=100")
    order = [(-float(each["completeness_score"] or 0), each["scientific_name"]) for each in taxa]
    assert [first for first, _ in order] == sorted(first for first, _ in order)
    assert order == sorted(order, key=lambda pair: (pair[0], pair[1].lower())) or order == sorted(order)
    assert len({each["id"] for each in taxa}) == len(taxa)


async def test_only_accepted_and_provisional_taxa(ask: Ask) -> None:
    for query in ("q=canis&limit=100", "common_name=wolf&limit=100"):
        assert {each["status"] for each in await found(ask, query)} <= {"accepted", "provisional"}
