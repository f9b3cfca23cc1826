"""X5: one accepted taxon."""

import pytest

from tests.answers import Ask, body_of, refused
from tests.contract.objects_of_animals import TAXON
from tests.contract.taxa import NOBODYS, taxon_named
from tests.shapes import fits


@pytest.mark.parametrize("name", ["Bison bison", "Canis lupus", "Canis"])
async def test_it_is_shown(ask: Ask, name: str) -> None:
    taxon = body_of(await ask(None, "GET", f"/taxonomy/{(await taxon_named(ask, name))['id']}/"))
    fits(taxon, TAXON)
    assert taxon["scientific_name"] == name


@pytest.mark.parametrize("bad_id", [NOBODYS, "zz"])
async def test_it_is_not_there(ask: Ask, bad_id: str) -> None:
    refused(await ask(None, "GET", f"/taxonomy/{bad_id}/"), 404, {"detail": "Not found."})
