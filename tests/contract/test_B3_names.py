"""B3: from a name to an animal, which is one and stays what it is."""

import asyncio

from deploy.local.player import Player
from tests.answers import Ask
from tests.contract.captures import animal_named, looked_at, unheard_name
from tests.contract.pictures import PHOTOS


async def test_names_that_differ_in_case_are_one_animal(ask: Ask, ada: Player) -> None:
    name = unheard_name()
    shapes = [name, name.upper(), name.lower(), f"  {name} "] * 2
    found = await asyncio.gather(*(animal_named(ask, ada, shape) for shape in shapes))
    assert len({animal["id"] for animal in found}) == 1


async def test_what_is_known_is_not_renamed(ask: Ask, ada: Player, ben: Player) -> None:
    name = unheard_name()
    first = await animal_named(ask, ada, name, common_name="Painted tortoise", family="Testudinidae")
    again = await animal_named(ask, ben, name, common_name="Something else", family="Other", order="Testudines")
    assert (again["id"], again["common_name"], again["family"]) == (first["id"], "Painted tortoise", "Testudinidae")
    assert again["created_by"] == first["created_by"] == ada.id


async def test_the_dog_is_never_the_wolf(ask: Ask, ada: Player) -> None:
    job = await looked_at(ask, ada, (PHOTOS / "dog.webp").read_bytes())
    first = job["detected_animals"][0]
    wolf = await animal_named(ask, ada, "Canis lupus")
    assert first["accepted_scientific_name"] == "Canis lupus familiaris"
    assert job["animal_details"]["scientific_name"] == "Canis lupus familiaris"
    assert first["animal_id"] != wolf["id"]
    assert job["animal_details"]["verified"] is True
