"""A9: the manual entry finds or makes an animal; any player may."""

import asyncio

import pytest

from deploy.local.player import Player
from tests.answers import Ask, Json, body_of, refused
from tests.contract.captures import unheard_name
from tests.contract.objects_of_animals import ANIMAL
from tests.shapes import fits

PATH = "/animals/lookup_or_create/"
RANKS = ("phylum", "class_name", "order", "family", "genus", "species")


def as_the_client_sends_it(name: str, **changed: str) -> Json:
    """Without a common name where there is none, everything else as empty text."""
    return {"scientific_name": name, "kingdom": "", **dict.fromkeys(RANKS, ""), **changed}


async def test_a_new_one(ask: Ask, ada: Player) -> None:
    name = unheard_name()
    body = body_of(await ask(ada, "POST", PATH, json=as_the_client_sends_it(name)), 201)
    fits(body, {"created": bool, "animal": ANIMAL})
    animal = body["animal"]
    assert body["created"] is True
    assert (animal["scientific_name"], animal["common_name"], animal["kingdom"]) == (name, name, "Animalia")
    assert [animal["genus"], animal["species"]] == name.split()
    assert (animal["family"], animal["created_by_username"]) == ("", ada.name)


@pytest.mark.parametrize("written", [str, str.lower, str.upper, " {} ".format])
async def test_a_known_one_in_any_case(ask: Ask, ada: Player, ben: Player, written: object) -> None:
    name = unheard_name()
    made = body_of(await ask(ada, "POST", PATH, json={"scientific_name": name, "common_name": "First"}), 201)["animal"]
    again = written(name)  # type: ignore[operator]
    body = body_of(await ask(ben, "POST", PATH, json=as_the_client_sends_it(again, common_name="Second")))
    assert body["created"] is False
    assert (body["animal"]["id"], body["animal"]["common_name"]) == (made["id"], "First")
    assert body["animal"]["creation_index"] == made["creation_index"]
    assert body["animal"]["created_by"] == ada.id


async def test_only_what_is_blank_is_filled(ask: Ask, ada: Player) -> None:
    name = unheard_name()
    first = as_the_client_sends_it(name, common_name="First", family="Firstidae")
    body_of(await ask(ada, "POST", PATH, json=first), 201)
    second = as_the_client_sends_it(name, common_name="Second", family="Secondidae", order="Secondiformes")
    animal = body_of(await ask(ada, "POST", PATH, json=second))["animal"]
    assert (animal["common_name"], animal["family"]) == ("First", "Firstidae")
    assert animal["order"] in ("", "Secondiformes")


@pytest.mark.parametrize("body", [{}, {"scientific_name": ""}, {"scientific_name": "  "}, {"common_name": "Owl"}])
async def test_without_a_name(ask: Ask, ada: Player, body: Json) -> None:
    refused(await ask(ada, "POST", PATH, json=body), 400, {"error": "scientific_name is required"})


async def test_nobody_asks(ask: Ask) -> None:
    answer = await ask(None, "POST", PATH, json={"scientific_name": "Bison bison"})
    refused(answer, 401, {"detail": "Authentication credentials were not provided."})


async def test_many_at_once_ask_for_one(ask: Ask, ada: Player) -> None:
    name = unheard_name()
    answers = await asyncio.gather(*(ask(ada, "POST", PATH, json={"scientific_name": name}) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.json()["animal"]["id"] for answer in answers}) == 1


async def test_many_at_once_ask_for_different_ones(ask: Ask, ada: Player) -> None:
    names = [unheard_name() for _ in range(10)]
    answers = await asyncio.gather(*(ask(ada, "POST", PATH, json={"scientific_name": name}) for name in names))
    numbers = sorted(body_of(answer, 201)["animal"]["creation_index"] for answer in answers)
    assert numbers == list(range(numbers[0], numbers[0] + len(names)))


async def test_the_dog_is_no_wolf(ask: Ask, ada: Player) -> None:
    found = []
    for name in ("Canis lupus familiaris", "Canis lupus"):
        answer = await ask(ada, "POST", PATH, json=as_the_client_sends_it(name))
        found.append(body_of(answer, answer.status_code)["animal"])
    names = [each["scientific_name"].lower() for each in found]
    assert names == ["canis lupus familiaris", "canis lupus"]
    assert found[0]["id"] != found[1]["id"]
