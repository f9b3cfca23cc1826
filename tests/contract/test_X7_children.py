"""X7: the taxa below one."""

import pytest

from tests.answers import Ask, Json, body_of, refused
from tests.contract.objects_of_animals import TAXON_MINIMAL
from tests.contract.taxa import NOBODYS, taxon_named
from tests.shapes import fits

CHILDREN = {"count": int, "direct_only": bool, "results": [TAXON_MINIMAL]}


async def below(ask: Ask, name: str, query: str) -> Json:
    body = body_of(await ask(None, "GET", f"/taxonomy/{(await taxon_named(ask, name))['id']}/children/{query}"))
    fits(body, CHILDREN)
    assert body["count"] == len(body["results"])
    return body


@pytest.mark.parametrize("query", ["", "?direct=true"])
async def test_the_next(ask: Ask, query: str) -> None:
    body = await below(ask, "Canis", query)
    assert body["direct_only"] is True
    names = {each["scientific_name"] for each in body["results"]}
    assert "Canis lupus" in names
    assert "Canis lupus familiaris" not in names


async def test_all(ask: Ask) -> None:
    body = await below(ask, "Canis", "?direct=false")
    assert body["direct_only"] is False
    assert {"Canis lupus", "Canis lupus familiaris"} <= {each["scientific_name"] for each in body["results"]}


async def test_of_none(ask: Ask) -> None:
    for bad_id in (NOBODYS, "zz"):
        refused(await ask(None, "GET", f"/taxonomy/{bad_id}/children/"), 404, {"detail": "Not found."})
