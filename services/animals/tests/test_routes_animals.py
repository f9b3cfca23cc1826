"""Animals over HTTP (contract A)."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from libs.common.db import Database
from libs.common.testing import SignIn
from libs.common.values import now
from libs.contracts.users import UserRegistered
from services.animals.handlers import remember_user

ANIMALS = "/api/v1/animals/"
LOOKUP = ANIMALS + "lookup_or_create/"


async def look_up(client: httpx.AsyncClient, headers: dict[str, str], **asked: Any) -> httpx.Response:
    return await client.post(LOOKUP, json=asked, headers=headers)


async def test_a_player_finds_or_makes_an_animal_by_name(client: httpx.AsyncClient, sign_in: SignIn, told: Any) -> None:
    ada = uuid4()
    asked = {
        "scientific_name": "Vulpes testus",
        "kingdom": "",
        "phylum": "",
        "genus": "",
        "species": "",
        "verified": True,
        "creation_index": 77,
        "created_by": str(uuid4()),
    }
    made = await look_up(client, sign_in(ada), **asked)
    assert made.status_code == 201
    animal = made.json()["animal"]
    assert made.json()["created"] is True
    assert (animal["creation_index"], animal["common_name"], animal["kingdom"]) == (1, "Vulpes testus", "Animalia")
    assert (animal["genus"], animal["species"], animal["phylum"]) == ("Vulpes", "testus", "")
    assert (animal["verified"], animal["created_by"]) == (False, str(ada))
    assert made.headers["x-consistency-token"] == f"animal/{animal['id']}@1"
    again = await look_up(client, sign_in(), scientific_name="VULPES TESTUS", common_name="something else")
    assert (again.status_code, again.json()) == (
        200,
        {"created": False, "animal": animal | {"created_by_username": None}},
    )
    assert len(await told("animal.created")) == 1


async def test_parallel_players_with_one_name_get_one_animal(client: httpx.AsyncClient, sign_in: SignIn) -> None:
    answers = await asyncio.gather(*(look_up(client, sign_in(), scientific_name="Vulpes testus") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200, 201}
    assert len({answer.json()["animal"]["id"] for answer in answers}) == 1


async def test_parallel_players_with_many_names_get_consecutive_numbers(
    client: httpx.AsyncClient, sign_in: SignIn
) -> None:
    names = [f"Vulpes {letter}us" for letter in "abcdefghijklmnopqrst"]
    answers = await asyncio.gather(*(look_up(client, sign_in(), scientific_name=name) for name in names))
    assert sorted(answer.json()["animal"]["creation_index"] for answer in answers) == list(range(1, 21))


@pytest.mark.parametrize("body", [{}, {"scientific_name": ""}, {"scientific_name": "   ", "common_name": "wolf"}])
async def test_a_lookup_needs_a_name(client: httpx.AsyncClient, sign_in: SignIn, body: dict[str, str]) -> None:
    answer = await client.post(LOOKUP, json=body, headers=sign_in())
    assert answer.status_code == 400
    assert answer.json() == {"error": "scientific_name is required", "detail": "scientific_name is required"}


async def test_a_lookup_needs_a_player(client: httpx.AsyncClient) -> None:
    assert (await client.post(LOOKUP, json={"scientific_name": "Canis lupus"})).status_code == 401


async def test_the_taxonomy_fills_what_a_player_left_empty(client: httpx.AsyncClient, sign_in: SignIn) -> None:
    animal = (await look_up(client, sign_in(), scientific_name="ursus maritimus", family="Ursidae")).json()["animal"]
    assert (animal["order"], animal["conservation_status"], animal["verified"]) == ("Carnivora", "VU", True)


async def test_words_against_the_taxonomy_are_kept_but_not_believed(client: httpx.AsyncClient, sign_in: SignIn) -> None:
    animal = (await look_up(client, sign_in(), scientific_name="Ursus maritimus", phylum="Mollusca")).json()["animal"]
    assert (animal["phylum"], animal["order"], animal["verified"]) == ("Mollusca", "", False)


async def test_an_animal_looks_as_the_contract_says(client: httpx.AsyncClient, sign_in: SignIn) -> None:
    made = (await look_up(client, sign_in(), scientific_name="Panthera leo", common_name="lion")).json()["animal"]
    answer = await client.get(f"{ANIMALS}{made['id']}/")
    shown = answer.json()
    assert answer.status_code == 200
    assert shown == made | {"created_by": None, "created_by_username": None}
    ranks = ["Animalia", "Chordata", "Mammalia", "Carnivora", "Felidae", "Panthera", "leo"]
    names = ["kingdom", "phylum", "class", "order", "family", "genus", "species"]
    assert shown["taxonomic_tree"] == dict(zip(names, ranks, strict=True))
    assert (await client.get(f"{ANIMALS}{made['id']}/taxonomy/")).json() == shown["taxonomic_tree"]
    assert shown["created_at"].endswith("Z") and len(shown["created_at"]) == 27
    blank = {key for key, value in shown.items() if value is None}
    assert blank == {"created_by", "created_by_username"}
    assert "animal_id" not in shown


@pytest.mark.parametrize("path", ["zz", "0", "00000000-0000-0000-0000-000000000000"])
async def test_unknown_animals_are_not_found(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(f"{ANIMALS}{path}/")
    detail = "No Animal matches the given query." if "-" in path else "Not found."
    assert (answer.status_code, answer.json()) == (404, {"detail": detail})


async def test_the_list_names_discoverers_only_to_players(
    client: httpx.AsyncClient, db: Database, sign_in: SignIn
) -> None:
    ada = uuid4()
    async with db.transaction() as session:
        event = UserRegistered(
            id=ada,
            version=1,
            username="ada",
            friend_code="ABCD1234",
            avatar=None,
            is_staff=False,
            is_superuser=False,
            is_active=True,
            created_at=now(),
        )
        await remember_user(event, session)
    made = (await look_up(client, sign_in(ada), scientific_name="Panthera leo")).json()["animal"]
    item = {
        "id": made["id"],
        "scientific_name": "Panthera leo",
        "common_name": "Panthera leo",
        "conservation_status": "VU",
        "creation_index": 1,
        "created_by_username": "ada",
        "verified": True,
    }
    page = {"count": 1, "next": None, "previous": None, "results": [item]}
    assert (await client.get(ANIMALS, headers=sign_in())).json() == page
    item["created_by_username"] = None
    assert (await client.get(ANIMALS)).json() == page
    assert (await client.get(ANIMALS + "recent/")).json() == {"count": 1, "results": [item]}
    assert (await client.get(ANIMALS, headers={"Authorization": "Bearer broken"})).status_code == 401


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [1, 2, 3]),
        ("?ordering=-creation_index", [3, 2, 1]),
        ("?ordering=scientific_name", [2, 1, 3]),
        ("?ordering=nonsense,-scientific_name", [3, 1, 2]),
        ("?family=Felidae", [1, 3]),
        ("?verified=false", []),
        ("?verified=perhaps", [1, 2, 3]),
        ("?conservation_status=VU", [1]),
        ("?search=panthera", [1]),
        ("?search=LEO,panth", [1]),
        ("?search=%25", []),
        ("?search=_", []),
        ("?page=1.0&search=puma", [3]),
    ],
)
async def test_the_list_is_filtered_searched_and_ordered(
    client: httpx.AsyncClient, sign_in: SignIn, query: str, numbers: list[int]
) -> None:
    for name in ("Panthera leo", "Canis latrans", "Puma concolor"):
        await look_up(client, sign_in(), scientific_name=name)
    answer = (await client.get(ANIMALS + query)).json()
    assert [item["creation_index"] for item in answer["results"]] == numbers
    assert answer["count"] == len(numbers)


@pytest.mark.parametrize(
    ("query", "status"),
    [("?conservation_status=zz", 400), ("?search=%00", 400), ("?search=" + "x" * 300, 400), ("?page=2", 404)],
)
async def test_what_the_list_cannot_mean_is_refused(client: httpx.AsyncClient, query: str, status: int) -> None:
    answer = await client.get(ANIMALS + query)
    assert answer.status_code == status
    assert isinstance(answer.json()["detail"], str)


async def test_long_lists_come_in_pages_of_fifty(client: httpx.AsyncClient, sign_in: SignIn) -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    for index in range(52):
        await look_up(client, sign_in(), scientific_name=f"Vulpes {letters[index // 26]}{letters[index % 26]}us")
    first = (await client.get(ANIMALS + "?family=")).json()
    assert (first["count"], len(first["results"]), first["previous"]) == (52, 50, None)
    second = (await client.get(first["next"])).json()
    assert [item["creation_index"] for item in second["results"]] == [51, 52]
    assert second["next"] is None


async def test_a_draft_is_added_with_the_next_number(client: httpx.AsyncClient, sign_in: SignIn) -> None:
    ada = uuid4()
    draft = {
        "scientific_name": "Vulpes testus",
        "common_name": "test fox",
        "verified": True,
        "interesting_facts": ["a"],
    }
    answer = await client.post(ANIMALS, json=draft, headers=sign_in(ada))
    made = answer.json()
    assert (answer.status_code, made["creation_index"], made["genus"], made["species"]) == (201, 1, "Vulpes", "testus")
    assert (made["verified"], made["created_by"], made["interesting_facts"]) == (False, str(ada), ["a"])
    again = await client.post(ANIMALS, json=draft | {"scientific_name": "VULPES testus"}, headers=sign_in())
    assert (again.status_code, again.json()["scientific_name"]) == (
        400,
        ["Animal with this scientific name already exists."],
    )


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"common_name": None}, "common_name", "This field may not be null."),
        ({"common_name": ""}, "common_name", "This field may not be blank."),
        ({"kingdom": " "}, "kingdom", "This field may not be blank."),
        ({"phylum": "x" * 101}, "phylum", "Ensure this field has no more than 100 characters."),
        ({"conservation_status": "zz"}, "conservation_status", '"zz" is not a valid choice.'),
        ({"scientific_name": "a\x00b"}, "scientific_name", "Null characters are not allowed."),
    ],
)
async def test_a_bad_draft_is_refused_by_field(
    client: httpx.AsyncClient, sign_in: SignIn, change: dict[str, Any], field: str, message: str
) -> None:
    draft = {"scientific_name": "Vulpes testus", "common_name": "test fox", **change}
    answer = await client.post(ANIMALS, json=draft, headers=sign_in())
    assert (answer.status_code, answer.json()) == (400, {field: [message], "detail": message})


async def test_staff_edits_and_removes_animals(client: httpx.AsyncClient, sign_in: SignIn, told: Any) -> None:
    made = (await look_up(client, sign_in(), scientific_name="Vulpes testus")).json()["animal"]
    other = (await look_up(client, sign_in(), scientific_name="Vulpes altera")).json()["animal"]
    path, staff = f"{ANIMALS}{made['id']}/", sign_in(is_staff=True)
    for method in ("PUT", "PATCH", "DELETE"):
        assert (await client.request(method, path, json={"verified": True}, headers=sign_in())).status_code == 403
    edited = await client.patch(path, json={"verified": True, "common_name": "test fox"}, headers=staff)
    assert (edited.status_code, edited.json()["verified"], edited.json()["common_name"]) == (200, True, "test fox")
    assert edited.json()["updated_at"] > made["updated_at"]
    taken = await client.patch(path, json={"scientific_name": "VULPES ALTERA"}, headers=staff)
    assert taken.json()["scientific_name"] == ["Animal with this scientific name already exists."]
    put = await client.put(path, json={"common_name": "fox"}, headers=staff)
    assert (put.status_code, put.json()["scientific_name"]) == (400, ["This field is required."])
    assert (await client.delete(path, headers=staff)).status_code == 204
    assert (await client.get(path)).status_code == 404
    assert [event["version"] for event in await told("animal.updated")] == [2]
    assert [event["version"] for event in await told("animal.deleted")] == [3]
    third = (await look_up(client, sign_in(), scientific_name="Vulpes tertia")).json()["animal"]
    assert (other["creation_index"], third["creation_index"]) == (2, 3)
