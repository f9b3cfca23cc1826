"""D11: the entries of one animal that one may see."""

import pytest

from deploy.local.player import Player
from tests.answers import Ask, body_of, refused
from tests.contract.circle import Circle
from tests.contract.objects_of_dex import LISTED_ENTRIES
from tests.contract.test_D3_list_entries import SEEN
from tests.shapes import fits


@pytest.mark.parametrize("role", SEEN)
async def test_who_sees_what(ask: Ask, circle: Circle, role: str) -> None:
    for visibility, animal in circle.animals.items():
        found = body_of(await ask(circle.player(role), "GET", f"/dex/entries/by_animal/?animal_id={animal['id']}"))
        fits(found, LISTED_ENTRIES)
        expected = [circle.entries[visibility]["id"]] if visibility in SEEN[role] else []
        assert [each["id"] for each in found["results"]] == expected
        assert found["count"] == len(expected)


async def test_the_animal_has_to_be_named(ask: Ask, ada: Player) -> None:
    for path in ("/dex/entries/by_animal/", "/dex/entries/by_animal/?animal_id="):
        refused(await ask(ada, "GET", path), 400, {"error": "animal_id parameter required"})
    assert isinstance(body_of(await ask(ada, "GET", "/dex/entries/by_animal/?animal_id=koala"), 400)["detail"], str)


async def test_an_animal_that_nobody_knows(ask: Ask, ada: Player) -> None:
    unknown = "00000000-0000-4000-8000-000000000000"
    answer = await ask(ada, "GET", f"/dex/entries/by_animal/?animal_id={unknown}")
    assert body_of(answer) == {"count": 0, "results": []}
