"""D5: an owner edits an entry; what becomes a second entry of one animal is merged."""

import asyncio
from typing import Any

import pytest

from deploy.local.player import Player
from tests.answers import Ask, Json, body_of, refused
from tests.contract.captures import catch, new_animal
from tests.contract.circle import Circle
from tests.contract.objects_of_dex import VISIBILITIES
from tests.shapes import absent, fits, instant, uuid

EDITED = {
    "animal": uuid,
    "notes": str,
    "customizations": dict,
    "visibility": VISIBILITIES,
    "is_favorite": bool,
    "location_name": str,
    "id": absent(uuid),
    "updated_at": absent(instant),
}
UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
async def entry(ask: Ask, collector: Player) -> Json:
    animal = await new_animal(ask, collector)
    return await catch(ask, collector, animal, notes="As it was.", location_name="Pond", visibility="private")


def path_of(entry: Json) -> str:
    return f"/dex/entries/{entry['id']}/"


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_another_animal_leaves_the_rest(ask: Ask, collector: Player, entry: Json, method: str) -> None:
    """The client's edit: `PUT {"animal": …}` and nothing else."""
    other = await new_animal(ask, collector)
    before = await collector.get(path_of(entry))
    edited = body_of(await ask(collector, method, path_of(entry), json={"animal": other["id"]}))
    fits(edited, EDITED)
    assert edited["animal"] == other["id"]
    assert (edited["notes"], edited["visibility"], edited["location_name"]) == ("As it was.", "private", "Pond")
    assert "merged_into" not in edited
    after = await collector.get(path_of(entry))
    assert after["animal_details"]["creation_index"] == other["creation_index"]
    assert after["updated_at"] > before["updated_at"]
    assert after["catch_date"] == before["catch_date"]


async def test_everything_that_can_be_edited(ask: Ask, collector: Player, entry: Json) -> None:
    change = {
        "notes": "",
        "customizations": {"frame": "gold", "stars": 3},
        "visibility": "public",
        "is_favorite": True,
        "location_name": "Lake",
    }
    edited = body_of(await ask(collector, "PATCH", path_of(entry), json=change))
    assert {name: edited[name] for name in change} == change
    stored = await collector.get(path_of(entry))
    assert {name: stored[name] for name in change} == change


async def test_nothing_else_can_be(ask: Ask, collector: Player, ben: Player, entry: Json) -> None:
    before = await collector.get(path_of(entry))
    foreign = {"owner": ben.id, "catch_date": "2001-01-01T00:00:00Z", "id": UNKNOWN, "source_vision_job": UNKNOWN}
    body_of(await ask(collector, "PATCH", path_of(entry), json={"notes": "New.", **foreign}))
    after = await collector.get(path_of(entry))
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"notes", "updated_at"}


@pytest.mark.parametrize(
    ("method", "body", "refusal"),
    [
        ("PUT", {}, {"animal": ["This field is required."]}),
        ("PUT", {"animal": "zz"}, {"animal": ["“zz” is not a valid UUID."]}),
        ("PUT", {"animal": UNKNOWN}, {"animal": [f'Invalid pk "{UNKNOWN}" - object does not exist.']}),
        ("PATCH", {"animal": None}, {"animal": ["This field may not be null."]}),
        ("PATCH", {"visibility": "zz"}, {"visibility": ['"zz" is not a valid choice.']}),
        ("PATCH", {"notes": "n" * 10_001}, {"notes": ["Ensure this field has no more than 10000 characters."]}),
        (
            "PATCH",
            {"location_name": "n" * 201},
            {"location_name": ["Ensure this field has no more than 200 characters."]},
        ),
    ],
)
async def test_refused_edits_change_nothing(
    ask: Ask, collector: Player, entry: Json, method: str, body: Json, refusal: Json
) -> None:
    before = await collector.get(path_of(entry))
    refused(await ask(collector, method, path_of(entry), json=body), 400, refusal)
    assert await collector.get(path_of(entry)) == before


@pytest.mark.parametrize("value", [None, [], "gold", {"a": "x" * 70_000}, {"a": "\x00"}])
async def test_customizations_that_cannot_be_kept(ask: Ask, collector: Player, entry: Json, value: Any) -> None:
    body = body_of(await ask(collector, "PATCH", path_of(entry), json={"customizations": value}), 400)
    assert body["detail"] == body["customizations"][0]


async def test_two_entries_of_one_animal_become_one(ask: Ask, collector: Player, entry: Json) -> None:
    """The newest of the new animal stays as it is; the edited one is gone, and the survivor syncs."""
    other = await new_animal(ask, collector)
    older = await catch(ask, collector, other, catch_date="2024-01-01T00:00:00Z")
    newest = await catch(ask, collector, other, catch_date="2025-01-01T00:00:00Z", notes="Stays.")
    since = (await collector.get("/dex/entries/sync_entries/"))["server_time"]
    edited = body_of(await ask(collector, "PUT", path_of(entry), json={"animal": other["id"]}))
    fits(edited, EDITED | {"merged_into": uuid})
    assert (edited["merged_into"], edited["animal"], edited["notes"]) == (newest["id"], other["id"], "Stays.")
    refused(await ask(collector, "GET", path_of(entry)), 404, {"detail": "No DexEntry matches the given query."})
    listed = await collector.get(f"/dex/entries/by_animal/?animal_id={other['id']}")
    assert {each["id"] for each in listed["results"]} == {older["id"], newest["id"]}
    synced = await collector.ask("GET", "/dex/entries/sync_entries/", params={"last_sync": since})
    assert [each["id"] for each in synced["entries"]] == [newest["id"]]


async def test_the_same_animal_again_is_no_merge(ask: Ask, collector: Player, entry: Json) -> None:
    twin = await catch(ask, collector, {"id": entry["animal"]}, catch_date="2025-01-01T00:00:00Z")
    edited = body_of(await ask(collector, "PUT", path_of(entry), json={"animal": entry["animal"], "notes": "Mine."}))
    assert "merged_into" not in edited
    assert edited["notes"] == "Mine."
    assert (await ask(collector, "GET", path_of(twin))).status_code == 200


async def test_edits_at_the_same_time_leave_one_entry(ask: Ask, collector: Player) -> None:
    """Two entries are given each the other's animal, and a third one's, at once: nothing doubles, nothing is a 5xx."""
    animals = [await new_animal(ask, collector) for _ in range(3)]
    entries = [await catch(ask, collector, animal) for animal in animals[:2]]
    wishes = [(entry, animal) for entry in entries for animal in (*animals[::-1], animals[2])]
    answers = await asyncio.gather(
        *(ask(collector, "PUT", path_of(entry), json={"animal": animal["id"]}) for entry, animal in wishes)
    )
    assert {answer.status_code for answer in answers} <= {200, 404}
    counts = [(await collector.get(f"/dex/entries/by_animal/?animal_id={each['id']}"))["count"] for each in animals]
    assert max(counts) == 1


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    ("role", "visibility", "status"),
    [
        ("friend", "friends", 403),
        ("friend", "private", 404),
        ("stranger", "public", 403),
        ("stranger", "friends", 404),
        ("ex_friend", "friends", 404),
        ("blocked", "friends", 404),
    ],
)
async def test_somebody_elses_entry(
    ask: Ask, circle: Circle, role: str, visibility: str, status: int, method: str
) -> None:
    """D5 and D6: visible but foreign is 403, invisible 404; staff has no more rights than to read."""
    entry = circle.entries[visibility]
    body = None if method == "DELETE" else {"animal": entry["animal"], "notes": "Mine now."}
    answer = await ask(circle.player(role), method, path_of(entry), json=body)
    text = {403: "You do not have permission to perform this action.", 404: "No DexEntry matches the given query."}
    refused(answer, status, {"detail": text[status]})
    assert (await circle.owner.get(path_of(entry)))["notes"] == ""
