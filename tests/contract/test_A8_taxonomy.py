"""A8: an animal's seven ranks."""

from deploy.local.player import Player
from tests.answers import Ask, body_of, refused
from tests.contract.captures import animal_named, new_animal
from tests.contract.objects_of_animals import HIERARCHY


async def test_of_a_known_species(ask: Ask, ada: Player) -> None:
    bison = await animal_named(ask, ada, "Bison bison")
    body = body_of(await ask(None, "GET", f"/animals/{bison['id']}/taxonomy/"))
    assert list(body) == list(HIERARCHY)
    assert list(body.values()) == ["Animalia", "Chordata", "Mammalia", "Artiodactyla", "Bovidae", "Bison", "bison"]


async def test_of_an_unknown_one_nothing_is_null(ask: Ask, ada: Player) -> None:
    body = body_of(await ask(None, "GET", f"/animals/{(await new_animal(ask, ada))['id']}/taxonomy/"))
    assert set(body) == set(HIERARCHY)
    assert all(isinstance(value, str) for value in body.values())


async def test_of_none(ask: Ask) -> None:
    answer = await ask(None, "GET", "/animals/00000000-0000-4000-8000-000000000000/taxonomy/")
    refused(answer, 404, {"detail": "No Animal matches the given query."})
    refused(await ask(None, "GET", "/animals/zz/taxonomy/"), 404, {"detail": "Not found."})
