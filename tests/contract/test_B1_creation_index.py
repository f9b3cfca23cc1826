"""B1: an animal's number, however many ask for one at once, and the parts of its name."""

import asyncio

from deploy.local.player import Player
from tests.answers import Ask, Json, body_of
from tests.contract.captures import animal_named, unheard_name

TOGETHER = 12


async def test_numbers_are_dense_and_nobody_shares_one(ask: Ask, ada: Player) -> None:
    """Twelve new animals at once, and some refused in between: no number is lost and none is given twice."""
    wishes = [unheard_name() for _ in range(TOGETHER)]
    refused = [ask(ada, "POST", "/animals/", json={"scientific_name": name}) for name in wishes[:4]]
    found, bad = await asyncio.gather(
        asyncio.gather(*(animal_named(ask, ada, name) for name in wishes)), asyncio.gather(*refused)
    )
    assert {answer.status_code for answer in bad} == {400}
    numbers = sorted(animal["creation_index"] for animal in found)
    assert len(set(numbers)) == TOGETHER
    taken = {each["creation_index"] for each in await _newest(ask, down_to=numbers[0])}
    assert set(range(numbers[0], numbers[-1] + 1)) <= taken


async def _newest(ask: Ask, down_to: int) -> list[Json]:
    """Animals from the newest on; others may be made meanwhile, so a page more than needed."""
    animals: list[Json] = []
    page = 1
    while not animals or animals[-1]["creation_index"] > down_to:
        path = f"/animals/?ordering=-creation_index&page={page}"
        animals += body_of(await ask(None, "GET", path))["results"]
        page += 1
    return animals


async def test_genus_and_species_come_from_the_name(ask: Ask, ada: Player) -> None:
    name = unheard_name()
    animal = await animal_named(ask, ada, name)
    assert (animal["genus"], animal["species"]) == tuple(name.split())
    assert (animal["common_name"], animal["kingdom"], animal["verified"]) == (name, "Animalia", False)
