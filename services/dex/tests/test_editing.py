"""Edits, merges, favorites and deletion by the owner (contract D5, D6, D9)."""

import asyncio
import json
from uuid import UUID, uuid4

import pytest

from libs.contracts.dex import DexDeleted, DexUpdated
from services.dex.tests.neighbors import Neighbors
from services.dex.tests.story import ENTRIES, Story


async def edit(story: Story, player, entry: str, body, method: str = "PUT"):
    return await story.client.request(method, f"{ENTRIES}{entry}/", json=body, headers=player.headers)


async def toggle(story: Story, player, entry: str):
    return await story.client.post(f"{ENTRIES}{entry}/toggle_favorite/", json={}, headers=player.headers)


async def test_a_favorite_and_no_longer(story: Story) -> None:
    ada = await story.player("ada")
    fox = await story.animal("Vulpes vulpes", "Red Fox", created_by=ada.id)
    entry = await story.catch(ada, fox, notes="shy")
    before = await story.get(ada, f"{entry['id']}/")
    first, second = [(await toggle(story, ada, entry["id"])).json() for _ in range(2)]
    assert (before["is_favorite"], first["is_favorite"], second["is_favorite"]) == (False, True, False)
    assert before["updated_at"] < first["updated_at"] < second["updated_at"]
    assert first["animal_details"] == {
        "id": str(fox),
        "scientific_name": "Vulpes vulpes",
        "common_name": "Red Fox",
        "conservation_status": "LC",
        "creation_index": 1,
        "created_by_username": "ada",
        "verified": True,
    }
    assert (first["owner"], first["owner_username"], first["notes"]) == (str(ada.id), "ada", "shy")
    assert [event.version for event in await story.told()] == [1, 2, 3]


async def test_parallel_toggles_all_count(story: Story) -> None:
    ada, fox = await story.player("ada"), await story.animal("Vulpes vulpes")
    entry = (await story.catch(ada, fox))["id"]
    answers = await asyncio.gather(*(toggle(story, ada, entry) for _ in range(9)))
    assert sorted(answer.json()["is_favorite"] for answer in answers) == [False] * 4 + [True] * 5
    assert (await story.get(ada, f"{entry}/"))["is_favorite"] is True
    assert [event.version for event in await story.told()] == list(range(1, 11))


async def test_put_with_another_animal_moves_the_entry(story: Story) -> None:
    ada, fox, wolf = await story.player("ada"), await story.animal("Vulpes vulpes"), await story.animal("Canis lupus")
    entry = await story.catch(ada, fox, notes="shy", visibility="public")
    last_sync = (await story.sync(ada))["server_time"]
    answer = await edit(story, ada, entry["id"], {"animal": str(wolf)})
    assert answer.status_code == 200
    edited = answer.json()
    assert edited == {
        "id": entry["id"],
        "animal": str(wolf),
        "notes": "shy",
        "customizations": {},
        "visibility": "public",
        "is_favorite": False,
        "location_name": "",
        "updated_at": edited["updated_at"],
    }
    [item] = (await story.sync(ada, last_sync))["entries"]
    assert (item["id"], item["animal_id"], item["creation_index"]) == (entry["id"], str(wolf), 2)
    told = (await story.told())[-1]
    assert isinstance(told, DexUpdated) and told.animal_id == wolf


async def test_two_entries_of_one_animal_merge_into_the_newest(story: Story) -> None:
    ada, fox, wolf = await story.player("ada"), await story.animal("Vulpes vulpes"), await story.animal("Canis lupus")
    await story.catch(ada, wolf, catch_date="2026-01-01T00:00:00Z")
    newest = await story.catch(ada, wolf, catch_date="2026-02-01T00:00:00Z", notes="howls")
    mistaken = await story.catch(ada, fox, catch_date="2026-03-01T00:00:00Z")
    last_sync = (await story.sync(ada))["server_time"]
    edited = (await edit(story, ada, mistaken["id"], {"animal": str(wolf)})).json()
    assert edited["merged_into"] == edited["id"] == newest["id"]
    assert (edited["animal"], edited["notes"]) == (str(wolf), "howls")
    assert [item["id"] for item in (await story.sync(ada, last_sync))["entries"]] == [newest["id"]]
    assert (await story.get(ada, "my_entries/"))["count"] == 2
    gone, survivor = (await story.told())[-2:]
    assert isinstance(gone, DexDeleted) and (gone.id, gone.version) == (UUID(mistaken["id"]), 2)
    assert isinstance(survivor, DexUpdated) and (survivor.id, survivor.version) == (UUID(newest["id"]), 2)


async def test_concurrent_edits_leave_one_entry_of_the_animal(story: Story) -> None:
    ada, wolf = await story.player("ada"), await story.animal("Canis lupus")
    entries = [(await story.catch(ada, await story.animal(f"Vulpes {name}")))["id"] for name in "abcdef"]
    answers = await asyncio.gather(*(edit(story, ada, entry, {"animal": str(wolf)}) for entry in entries))
    assert [answer.status_code for answer in answers] == [200] * 6
    page = await story.get(ada, "my_entries/")
    assert [item["animal"] for item in page["results"]] == [str(wolf)]


async def test_the_same_animal_again_is_no_merge(story: Story) -> None:
    ada, fox = await story.player("ada"), await story.animal("Vulpes vulpes")
    one = await story.catch(ada, fox)
    await story.catch(ada, fox)
    edited = (await edit(story, ada, one["id"], {"animal": str(fox), "notes": "twice"})).json()
    assert "merged_into" not in edited and edited["notes"] == "twice"
    assert (await story.get(ada, "my_entries/"))["count"] == 2


async def test_patch_changes_what_is_sent(story: Story) -> None:
    ada, fox = await story.player("ada"), await story.animal("Vulpes vulpes")
    entry = (await story.catch(ada, fox, notes="shy", location_name="Home"))["id"]
    body = {"customizations": {"frame": {"color": "gold"}}, "visibility": "private", "owner": str(uuid4())}
    assert (await edit(story, ada, entry, body, "PATCH")).status_code == 200
    seen = await story.get(ada, f"{entry}/")
    assert seen["customizations"] == {"frame": {"color": "gold"}}
    assert (seen["visibility"], seen["notes"], seen["location_name"]) == ("private", "shy", "Home")
    assert seen["owner"] == str(ada.id)


def nested(depth: int):
    return {"in": nested(depth - 1)} if depth else 1


@pytest.mark.parametrize(
    ("method", "body", "field", "message"),
    [
        ("PUT", {}, "animal", "This field is required."),
        ("PATCH", {"animal": None}, "animal", "This field may not be null."),
        ("PATCH", {"animal": "zz"}, "animal", "“zz” is not a valid UUID."),
        ("PATCH", {"visibility": "all"}, "visibility", '"all" is not a valid choice.'),
        ("PATCH", {"customizations": []}, "customizations", "Value must be a JSON object."),
        ("PATCH", {"customizations": "{"}, "customizations", "Value must be valid JSON."),
        ("PATCH", {"customizations": {"a": "\x00"}}, "customizations", "Null characters are not allowed."),
        ("PATCH", {"customizations": json.dumps(nested(40))}, "customizations", "Value must be valid JSON."),
        (
            "PATCH",
            {"customizations": {"a": "x" * 65_536}},
            "customizations",
            "Ensure this field has no more than 65536 bytes.",
        ),
    ],
)
async def test_edits_that_are_refused_change_nothing(story: Story, method, body, field, message) -> None:
    ada, fox = await story.player("ada"), await story.animal("Vulpes vulpes")
    entry = (await story.catch(ada, fox))["id"]
    before = await story.get(ada, f"{entry}/")
    answer = await edit(story, ada, entry, body, method)
    assert (answer.status_code, answer.json().get(field)) == (400, [message])
    assert await story.get(ada, f"{entry}/") == before


async def test_numbers_that_json_cannot_write_are_refused(story: Story) -> None:
    ada, fox = await story.player("ada"), await story.animal("Vulpes vulpes")
    entry = (await story.catch(ada, fox))["id"]
    for number in (b"NaN", b"1e999"):
        answer = await story.client.patch(
            f"{ENTRIES}{entry}/",
            content=b'{"customizations": {"a": ' + number + b"}}",
            headers={**ada.headers, "Content-Type": "application/json"},
        )
        assert answer.status_code == 400, number


async def test_an_animal_nobody_knows_changes_nothing(story: Story, neighbors: Neighbors) -> None:
    ada, fox, unknown = await story.player("ada"), await story.animal("Vulpes vulpes"), uuid4()
    entry = (await story.catch(ada, fox))["id"]
    answer = await edit(story, ada, entry, {"animal": str(unknown)})
    assert answer.json()["animal"] == [f'Invalid pk "{unknown}" - object does not exist.']
    assert neighbors.asked == [f"GET /api/v1/animals/{unknown}/"]
    assert (await story.get(ada, f"{entry}/"))["animal"] == str(fox)


async def test_a_deleted_entry_is_gone(story: Story) -> None:
    ada, fox = await story.player("ada"), await story.animal("Vulpes vulpes")
    entry = (await story.catch(ada, fox))["id"]
    answer = await story.client.delete(f"{ENTRIES}{entry}/", headers=ada.headers)
    assert (answer.status_code, answer.content) == (204, b"")
    await story.get(ada, f"{entry}/", 404)
    again = await story.client.delete(f"{ENTRIES}{entry}/", headers=ada.headers)
    assert again.status_code == 404
    told = (await story.told())[-1]
    assert isinstance(told, DexDeleted) and (told.version, told.owner_id) == (2, ada.id)
