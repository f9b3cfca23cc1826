"""A3: an animal is written down by hand."""

import asyncio

import pytest

from deploy.local.player import Player
from tests.answers import Ask, Json, body_of, refused
from tests.contract.captures import unheard_name
from tests.contract.objects_of_animals import ANIMAL
from tests.shapes import fits

TAKEN = "Animal with this scientific name already exists."


def draft(**changed: object) -> Json:
    return {"scientific_name": unheard_name(), "common_name": "Made-up tortoise"} | changed


async def test_the_least(ask: Ask, ada: Player) -> None:
    sent = draft(creation_index=900_000_000, verified=True, created_by="zz")
    body = body_of(await ask(ada, "POST", "/animals/", json=sent), 201)
    fits(body, ANIMAL)
    genus, species = sent["scientific_name"].split()
    assert (body["genus"], body["species"], body["kingdom"]) == (genus, species, "Animalia")
    assert (body["created_by"], body["created_by_username"]) == (ada.id, ada.name)
    assert body["creation_index"] < 900_000_000
    assert body["verified"] is False
    assert body_of(await ask(ada, "GET", f"/animals/{body['id']}/")) == body


async def test_everything(ask: Ask, ada: Player) -> None:
    sent = draft(
        kingdom="Plantae",
        phylum="Chordata",
        class_name="Reptilia",
        order="Testudines",
        family="Testudinidae",
        genus="Other",
        species="name",
        description="Slow.",
        habitat="Tests",
        diet="Bugs",
        conservation_status="VU",
        interesting_facts=["one", {"two": 2}],
    )
    body = body_of(await ask(ada, "POST", "/animals/", json=sent), 201)
    assert {key: body[key] for key in sent} == sent
    assert body["taxonomic_tree"]["class"] == "Reptilia"


async def test_numbers_follow_one_another(ask: Ask, ada: Player) -> None:
    answers = await asyncio.gather(*(ask(ada, "POST", "/animals/", json=draft()) for _ in range(8)))
    numbers = sorted(body_of(answer, 201)["creation_index"] for answer in answers)
    assert len(set(numbers)) == 8
    assert numbers == list(range(numbers[0], numbers[0] + 8))


@pytest.mark.parametrize("written", [str, str.upper, "  {} ".format])
async def test_taken_in_any_case(ask: Ask, ada: Player, written: object) -> None:
    sent = draft()
    body_of(await ask(ada, "POST", "/animals/", json=sent), 201)
    sent["scientific_name"] = written(sent["scientific_name"])  # type: ignore[operator]
    refused(await ask(ada, "POST", "/animals/", json=sent), 400, {"scientific_name": [TAKEN]})


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"scientific_name": ""}, {"scientific_name": ["This field may not be blank."]}),
        ({"common_name": "a" * 201}, {"common_name": ["Ensure this field has no more than 200 characters."]}),
        ({"order": "a" * 101}, {"order": ["Ensure this field has no more than 100 characters."]}),
        ({"conservation_status": "XX"}, {"conservation_status": ['"XX" is not a valid choice.']}),
        ({"kingdom": ""}, {"kingdom": ["This field may not be blank."]}),
    ],
)
async def test_what_does_not_fit(ask: Ask, ada: Player, changed: Json, refusal: Json) -> None:
    refused(await ask(ada, "POST", "/animals/", json=draft(**changed)), 400, refusal)


async def test_what_is_missing(ask: Ask, ada: Player) -> None:
    required = ["This field is required."]
    answer = await ask(ada, "POST", "/animals/", json={})
    refused(answer, 400, {"scientific_name": required, "common_name": required})


async def test_nobody_writes(ask: Ask) -> None:
    assert (await ask(None, "POST", "/animals/", json=draft())).status_code == 401


async def test_of_a_race_one_wins(ask: Ask, ada: Player) -> None:
    sent = draft()
    answers = await asyncio.gather(*(ask(ada, "POST", "/animals/", json=sent) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 400, 400, 400, 400]
