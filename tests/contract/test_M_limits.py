"""M: what just fits is kept to the last character; what does not is refused."""

import pytest

from deploy.local.player import Player
from tests.answers import Ask, Json, body_of, refused
from tests.contract.captures import catch, new_animal, unheard_name


@pytest.fixture(scope="module")
async def entry(ask: Ask, collector: Player) -> Json:
    return await catch(ask, collector, await new_animal(ask, collector))


@pytest.mark.parametrize(("field", "limit"), [("notes", 10_000), ("location_name", 200)])
async def test_texts_of_an_entry(ask: Ask, collector: Player, entry: Json, field: str, limit: int) -> None:
    """Characters count, not bytes."""
    path, text = f"/dex/entries/{entry['id']}/", "🦊" * limit
    assert body_of(await ask(collector, "PATCH", path, json={field: text}))[field] == text
    message = f"Ensure this field has no more than {limit} characters."
    refused(await ask(collector, "PATCH", path, json={field: text + "x"}), 400, {field: [message]})
    assert (await collector.get(path))[field] == text


async def test_customizations_of_64_kilobytes(ask: Ask, collector: Player, entry: Json) -> None:
    path = f"/dex/entries/{entry['id']}/"
    fits = {"frame": "x" * 65_000}
    assert body_of(await ask(collector, "PATCH", path, json={"customizations": fits}))["customizations"] == fits
    answer = await ask(collector, "PATCH", path, json={"customizations": {"frame": "x" * 66_000}})
    assert "customizations" in body_of(answer, 400)


@pytest.mark.parametrize("field", ["location_lat", "location_lon"])
@pytest.mark.parametrize(
    ("value", "kept"),
    [("89.999999", "89.999999"), ("-89.999999", "-89.999999"), (12, "12.000000"), (0.5, "0.500000"), ("0", "0.000000")],
)
async def test_degrees(ask: Ask, collector: Player, field: str, value: object, kept: str) -> None:
    place = {"location_lat": "1", "location_lon": "1", field: str(value)}
    created = await catch(ask, collector, await new_animal(ask, collector), **place)
    assert created[field] == kept


@pytest.mark.parametrize(
    ("field", "limit"),
    [("common_name", 200), ("phylum", 100), ("class_name", 100), ("order", 100), ("family", 100), ("genus", 100)],
)
async def test_texts_of_an_animal(ask: Ask, ada: Player, field: str, limit: int) -> None:
    # Where genus or species is missing, both are taken from the name (contract B1).
    body = {"scientific_name": unheard_name(), "common_name": "Tortoise", "genus": "Testudo", "species": "t"}
    body[field] = "T" * limit
    made = body_of(await ask(ada, "POST", "/animals/", json=body), 201)
    assert made[field] == "T" * limit
    too_long = body | {"scientific_name": unheard_name(), field: "T" * (limit + 1)}
    message = f"Ensure this field has no more than {limit} characters."
    refused(await ask(ada, "POST", "/animals/", json=too_long), 400, {field: [message]})


async def test_the_longest_name_of_an_animal(ask: Ask, ada: Player) -> None:
    name = f"{unheard_name()} ".ljust(200, "a")
    assert body_of(await ask(ada, "POST", "/animals/", json={"scientific_name": name, "common_name": "T"}), 201)
    answer = await ask(ada, "POST", "/animals/", json={"scientific_name": f"{name}b", "common_name": "T"})
    refused(answer, 400, {"scientific_name": ["Ensure this field has no more than 200 characters."]})
