"""Syncing to devices: shapes, moments, and that nothing is ever missed (contract B8, D12, D13, D15)."""

import asyncio
from datetime import datetime
from uuid import uuid4

import pytest

from libs.contracts.animals import AnimalUpdated
from libs.contracts.vision import ImageReplaced
from services.dex.entries import create_entry
from services.dex.schemas import NewEntry
from services.dex.tests.neighbors import Neighbors
from services.dex.tests.story import ENTRIES, LONG_AGO, Story, named, picture, registered

NO_DATE = {"error": "Invalid last_sync format. Use ISO 8601 datetime."}
NO_MONTH = {"error": "Failed to parse last_sync: month must be in 1..12"}


async def test_an_item_as_the_device_keeps_it(story: Story) -> None:
    ada, fox = await story.player("ada"), await story.animal("Vulpes vulpes", "Red Fox")
    entry = await story.catch(ada, fox, visibility="private")
    synced = await story.sync(ada)
    assert set(synced) == {"entries", "server_time", "count", "deleted"} and synced["count"] == 1
    [item] = synced["entries"]
    assert item == {
        "id": entry["id"],
        "animal_id": str(fox),
        "creation_index": 1,
        "scientific_name": "Vulpes vulpes",
        "common_name": "Red Fox",
        "owner_username": "ada",
        "dex_compatible_url": picture().url,
        "image_checksum": picture().sha256,
        "image_updated_at": "2026-01-02T03:04:05.000060Z",
        "catch_date": entry["catch_date"],
        "is_favorite": False,
        "updated_at": item["updated_at"],
    }
    assert len(item["updated_at"]) == 27 and item["updated_at"].endswith("Z")
    assert len(synced["server_time"]) == 32 and synced["server_time"].endswith("+00:00")


async def test_nothing_changed_nothing_sent(story: Story) -> None:
    ada, fox = await story.player("ada"), await story.animal("Vulpes vulpes")
    first = await story.sync(ada)
    assert (first["entries"], first["count"]) == ([], 0)
    entry = await story.catch(ada, fox)
    second = await story.sync(ada, first["server_time"])
    assert [item["id"] for item in second["entries"]] == [entry["id"]]
    third = await story.sync(ada, second["server_time"])
    assert third["entries"] == [] and third["server_time"] >= second["server_time"]


async def test_the_newest_catch_of_a_species_comes_last(story: Story) -> None:
    ada, fox, wolf = await story.player("ada"), await story.animal("Vulpes vulpes"), await story.animal("Canis lupus")
    late = await story.catch(ada, fox, catch_date="2026-02-01T00:00:00Z")
    early = await story.catch(ada, fox, catch_date="2026-01-01T00:00:00Z")
    other = await story.catch(ada, wolf, catch_date="2020-01-01T00:00:00Z")
    ids = [item["id"] for item in (await story.sync(ada))["entries"]]
    assert ids == [early["id"], late["id"], other["id"]]


@pytest.mark.parametrize("change", ["favorite", "visibility", "animal renamed", "renumbered", "owner", "picture"])
async def test_whatever_alters_an_item_sends_it_again(story: Story, change: str) -> None:
    ada, fox = await story.player("ada"), await story.animal("Vulpes vulpes", "Red Fox")
    job = await story.job(ada)
    entry = await story.catch(ada, fox, source_vision_job=job)
    last_sync = (await story.sync(ada))["server_time"]
    path = f"{ENTRIES}{entry['id']}/"
    if change == "favorite":
        await story.client.post(path + "toggle_favorite/", json={}, headers=ada.headers)
    elif change == "visibility":
        await story.client.patch(path, json={"visibility": "public"}, headers=ada.headers)
    elif change == "animal renamed":
        await story.happened(named(fox, "Vulpes vulpes", "Fox", version=2, kind=AnimalUpdated))
    elif change == "renumbered":
        fact = named(fox, "Vulpes vulpes", "Red Fox", version=2, kind=AnimalUpdated, creation_index=9)
        await story.happened(fact)
    elif change == "owner":
        await story.happened(registered(ada.id, "ada2", version=2))
    else:
        await story.happened(ImageReplaced(id=job, version=3, user_id=ada.id, picture=picture("new")))
    again = await story.sync(ada, last_sync)
    assert [item["id"] for item in again["entries"]] == [entry["id"]]
    assert (await story.sync(ada, again["server_time"]))["entries"] == []


async def test_a_change_of_the_animal_that_no_item_shows_sends_nothing(story: Story) -> None:
    ada, fox = await story.player("ada"), await story.animal("Vulpes vulpes", "Red Fox")
    await story.catch(ada, fox)
    last_sync = (await story.sync(ada))["server_time"]
    await story.happened(named(fox, "Vulpes vulpes", "Red Fox", 2, AnimalUpdated, conservation_status="VU"))
    assert (await story.sync(ada, last_sync))["entries"] == []


@pytest.mark.parametrize("way", ["own", "user", "batch"])
async def test_a_sync_waits_for_a_write_in_flight(story: Story, app, way: str) -> None:
    """Otherwise its `server_time` would lie after the write's `updated_at`, and the write would be missed."""
    ada, fox = await story.player("ada"), await story.animal("Vulpes vulpes")
    wish = NewEntry(animal=fox, source_vision_job=await story.job(ada))
    player = type("Writer", (), {"id": ada.id, "token": ""})

    async def ask() -> list[str]:
        if way == "own":
            return [item["id"] for item in (await story.sync(ada))["entries"]]
        if way == "user":
            return [item["id"] for item in (await story.get(ada, f"user/{ada.id}/entries/"))["entries"]]
        results = (await story.batch(ada, {"user_id": "self"}))["results"]
        return [item["id"] for item in results["self"]["entries"]]

    async with story.db.transaction() as session:
        entry, _ = await create_entry(session, app.state.service.calls, player, wish)
        asking = asyncio.create_task(ask())
        await story.somebody_waits()
        assert not asking.done()
    assert await asking == [str(entry.id)]


async def test_a_rename_waits_for_an_entry_in_flight(story: Story, app) -> None:
    """Otherwise the entry would keep the time of its creation, and the device the old name."""
    ada, fox = await story.player("ada"), await story.animal("Vulpes vulpes", "Red Fox")
    wish = NewEntry(animal=fox, source_vision_job=await story.job(ada))
    player = type("Writer", (), {"id": ada.id, "token": ""})
    async with story.db.transaction() as session:
        entry, _ = await create_entry(session, app.state.service.calls, player, wish)
        fact = named(fox, "Vulpes vulpes", "Fox", version=2, kind=AnimalUpdated)
        renaming = asyncio.create_task(story.happened(fact))
        await story.somebody_waits()
    await renaming
    [item] = (await story.sync(ada, entry.updated_at.isoformat()))["entries"]
    assert item["common_name"] == "Fox"


async def test_syncing_while_everything_changes_misses_nothing(story: Story) -> None:
    ada, bob = await story.player("ada"), await story.player("bob")
    await story.friends(ada, bob)
    animals = [await story.animal(f"Vulpes {name}") for name in "abcd"]
    device: dict[str, dict] = {}
    writing = True

    async def write(animal) -> None:
        for _ in range(6):
            entry = await story.catch(ada, animal, visibility="public")
            await story.client.post(f"{ENTRIES}{entry['id']}/toggle_favorite/", json={}, headers=ada.headers)

    async def rename() -> None:
        for version in range(2, 8):
            await story.happened(registered(ada.id, f"ada{version}", version))
            await story.happened(named(animals[0], f"Vulpes {version}", version=version, kind=AnimalUpdated))

    async def keep_syncing() -> None:
        last_sync = ""
        while writing:
            answer = await story.batch(bob, {"user_id": str(ada.id), "last_sync": last_sync})
            last_sync = answer["server_time"]
            device.update({item["id"]: item for item in answer["results"][str(ada.id)]["entries"]})
        answer = await story.batch(bob, {"user_id": str(ada.id), "last_sync": last_sync})
        device.update({item["id"]: item for item in answer["results"][str(ada.id)]["entries"]})

    syncing = asyncio.create_task(keep_syncing())
    await asyncio.gather(*(write(animal) for animal in animals), rename())
    writing = False
    await syncing
    everything = (await story.sync(ada))["entries"]
    assert len(everything) == 24
    assert device == {item["id"]: item for item in everything}


async def test_the_number_of_statements_does_not_grow(story: Story, statements) -> None:
    ada = await story.player("ada")
    friends = [await story.player(f"friend{number}") for number in range(6)]
    for friend in friends:
        await story.friends(ada, friend)
    counts = []
    for round in range(2):
        for number, friend in enumerate(friends if round else friends[:1]):
            await story.catch(friend, await story.animal(f"Vulpes {round}{number}"))
        asked = [{"user_id": str(friend.id)} for friend in (friends if round else friends[:1])]
        with statements() as seen:
            await story.batch(ada, *asked)
            await story.get(ada, "friends_overview/")
            await story.sync(friends[0])
        counts.append(len(seen))
    assert counts == [7, 7]


@pytest.mark.parametrize(("query", "body"), [("yesterday", NO_DATE), ("2026-13-01T00:00:00Z", NO_MONTH)])
async def test_a_last_sync_that_makes_no_sense(story: Story, query: str, body) -> None:
    ada = await story.player("ada")
    for path in ("sync_entries/", f"user/{ada.id}/entries/"):
        assert await story.get(ada, f"{path}?last_sync={query}", 400) == {**body, "detail": body["error"]}


async def test_a_last_sync_whose_plus_became_a_space(story: Story) -> None:
    ada, fox = await story.player("ada"), await story.animal("Vulpes vulpes")
    await story.catch(ada, fox)
    server_time = (await story.sync(ada))["server_time"]
    assert (await story.get(ada, f"sync_entries/?last_sync={server_time}"))["entries"] == []


async def test_another_players_dex(story: Story, neighbors: Neighbors) -> None:
    ada, bob, fox = await story.player("ada"), await story.player("bob"), await story.animal("Vulpes vulpes")
    entry = await story.catch(bob, fox, visibility="public")
    answer = await story.get(ada, f"user/{bob.id}/entries/")
    assert set(answer) == {"entries", "server_time", "user_id", "total_count", "withdrawn"}
    assert (answer["user_id"], answer["total_count"]) == (str(bob.id), 1)
    assert [item["id"] for item in answer["entries"]] == [entry["id"]]
    unknown, new = uuid4(), uuid4()
    neighbors.answers[f"/internal/users/{new}/"] = {"id": str(new)}
    assert (await story.get(ada, f"user/{new}/entries/"))["entries"] == []
    for id in (unknown, "zz"):
        not_found = {"error": "User not found", "detail": "User not found"}
        assert await story.get(ada, f"user/{id}/entries/", 404) == not_found
    assert neighbors.asked == [f"GET /internal/users/{new}/", f"GET /internal/users/{unknown}/"]


async def test_pictures_keep_their_own_time(story: Story) -> None:
    ada, fox = await story.player("ada"), await story.animal("Vulpes vulpes")
    await story.catch(ada, fox)
    [item] = (await story.sync(ada))["entries"]
    assert datetime.fromisoformat(item["image_updated_at"]) == LONG_AGO
