"""A1: what an animal looks like, and what a typed client may rely on."""

from deploy.local.player import Player
from tests.answers import Ask, Json, body_of
from tests.contract.captures import animal_named, new_animal
from tests.contract.objects_of_animals import ANIMAL, ANIMAL_LIST_ITEM, READ_BY_THE_CLIENT
from tests.shapes import fits


async def both(ask: Ask, animal: Json, who: Player | None) -> tuple[Json, Json]:
    """The detail, and the item in the list of the newest."""
    detail = body_of(await ask(who, "GET", f"/animals/{animal['id']}/"))
    query = f"/animals/?search={animal['scientific_name'].replace(' ', '%20')}"
    items = body_of(await ask(who, "GET", query))["results"]
    return detail, next(each for each in items if each["id"] == animal["id"])


async def test_the_shapes(ask: Ask, ada: Player) -> None:
    detail, item = await both(ask, await new_animal(ask, ada), ada)
    fits(detail, ANIMAL)
    fits(item, ANIMAL_LIST_ITEM)
    assert {key: detail[key] for key in item} == item
    assert (detail["created_by"], detail["created_by_username"]) == (ada.id, ada.name)


async def test_nothing_the_client_reads_is_null_and_no_key_misleads_it(ask: Ask, ada: Player) -> None:
    for animal in (await new_animal(ask, ada), await animal_named(ask, ada, "Bison bison")):
        for found in await both(ask, animal, ada):
            assert "animal_id" not in found
            assert not [key for key in READ_BY_THE_CLIENT if key in found and found[key] is None]


async def test_without_a_token_nobody_is_named(ask: Ask, ada: Player) -> None:
    for found in await both(ask, await new_animal(ask, ada), None):
        assert found["created_by_username"] is None
        assert found.get("created_by") is None


async def test_a_known_species_has_its_hierarchy(ask: Ask, ada: Player) -> None:
    animal = body_of(await ask(ada, "GET", f"/animals/{(await animal_named(ask, ada, 'Bison bison'))['id']}/"))
    expected = {"kingdom": "Animalia", "phylum": "Chordata", "class": "Mammalia", "order": "Artiodactyla"}
    assert expected.items() <= animal["taxonomic_tree"].items()
    assert (animal["family"], animal["genus"], animal["species"]) == ("Bovidae", "Bison", "bison")
    assert animal["class_name"] == animal["taxonomic_tree"]["class"]
    assert animal["verified"] is True
