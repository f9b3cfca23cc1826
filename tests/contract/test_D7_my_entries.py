"""D7, D8, D9, D10: the lists of one's own and one's friends' entries, and favorites."""

import pytest

from tests.answers import Ask, Json, body_of, refused
from tests.contract.captures import befriended, catch, looked_at, new_animal
from tests.contract.circle import Circle
from tests.contract.objects_of_dex import DEX_ENTRY, ENTRY_ITEM, LISTED_ENTRIES
from tests.mesh import Mesh, NewPlayer, until
from tests.shapes import fits, page_of


def ids(listed: Json) -> list[str]:
    return [each["id"] for each in listed["results"]]


async def test_my_entries_newest_catch_first(ask: Ask, circle: Circle) -> None:
    found = body_of(await ask(circle.owner, "GET", "/dex/entries/my_entries/"))
    fits(found, page_of(ENTRY_ITEM))
    expected = sorted(circle.entries.values(), key=lambda entry: entry["catch_date"], reverse=True)
    assert ids(found) == [entry["id"] for entry in expected]
    filtered = await ask(circle.owner, "GET", "/dex/entries/my_entries/?visibility=public&ordering=catch_date")
    assert body_of(filtered) == found
    assert body_of(await ask(circle.stranger, "GET", "/dex/entries/my_entries/"))["results"] == []


async def test_pages_of_fifty(mesh: Mesh, ask: Ask, new_player: NewPlayer) -> None:
    """52 entries: two pages with absolute addresses, in one total order although many share a catch date."""
    eve = await new_player("eve")
    job = await looked_at(ask, eve)
    for number in range(52):
        animal = await new_animal(ask, eve)
        body = {
            "animal": animal["id"],
            "source_vision_job": job["id"],
            "catch_date": f"2025-01-0{1 + number % 2}T00:00Z",
        }
        body_of(await ask(eve, "POST", "/dex/entries/", json=body), 201)
    first = body_of(await ask(eve, "GET", "/dex/entries/my_entries/?page_size=5"))
    second = body_of(await ask(eve, "GET", "/dex/entries/my_entries/?page=2"))
    assert (first["count"], len(first["results"]), len(second["results"])) == (52, 50, 2)
    assert (first["previous"], second["next"]) == (None, None)
    assert first["next"].startswith(f"{mesh.url}/api/v1/dex/entries/my_entries/?")
    assert second["previous"].startswith(f"{mesh.url}/api/v1/dex/entries/my_entries/")
    assert ids(body_of(await ask(eve, "GET", first["next"].removeprefix(f"{mesh.url}/api/v1")))) == ids(second)
    assert len({*ids(first), *ids(second)}) == 52
    refused(await ask(eve, "GET", "/dex/entries/my_entries/?page=3"), 404, {"detail": "Invalid page."})


async def test_favorites(ask: Ask, new_player: NewPlayer) -> None:
    eve = await new_player("eve")
    entry, other = [await catch(ask, eve, await new_animal(ask, eve)) for _ in range(2)]
    since = (await eve.get("/dex/entries/sync_entries/"))["server_time"]
    toggled = body_of(await ask(eve, "POST", f"/dex/entries/{entry['id']}/toggle_favorite/", json={}))
    fits(toggled, DEX_ENTRY)
    assert toggled["is_favorite"] is True
    favorites = body_of(await ask(eve, "GET", "/dex/entries/favorites/"))
    fits(favorites, LISTED_ENTRIES)
    assert (favorites["count"], ids(favorites)) == (1, [entry["id"]])
    synced = await eve.ask("GET", "/dex/entries/sync_entries/", params={"last_sync": since})
    assert [(each["id"], each["is_favorite"]) for each in synced["entries"]] == [(entry["id"], True)]
    again = body_of(await ask(eve, "POST", f"/dex/entries/{entry['id']}/toggle_favorite/", json={}))
    assert again["is_favorite"] is False
    assert again["updated_at"] > toggled["updated_at"]
    assert body_of(await ask(eve, "GET", "/dex/entries/favorites/")) == {"count": 0, "results": []}
    assert (await eve.get(f"/dex/entries/{other['id']}/"))["is_favorite"] is False


@pytest.mark.parametrize(
    ("role", "visibility", "status"),
    [("friend", "friends", 403), ("friend", "private", 404), ("stranger", "public", 403), ("stranger", "friends", 404)],
)
async def test_nobody_elses_favorite(ask: Ask, circle: Circle, role: str, visibility: str, status: int) -> None:
    entry = circle.entries[visibility]
    answer = await ask(circle.player(role), "POST", f"/dex/entries/{entry['id']}/toggle_favorite/", json={})
    text = {403: "You do not have permission to perform this action.", 404: "No DexEntry matches the given query."}
    refused(answer, status, {"detail": text[status]})
    assert (await circle.owner.get(f"/dex/entries/{entry['id']}/"))["is_favorite"] is False


async def test_recent_are_the_twenty_newest_of_oneself_and_friends(ask: Ask, new_player: NewPlayer) -> None:
    ada, ben = await new_player("ada"), await new_player("ben")
    await befriended(ask, ada, ben)
    job, expected = await looked_at(ask, ada), []
    for number in range(22):
        animal = await new_animal(ask, ada)
        body = {"animal": animal["id"], "source_vision_job": job["id"], "catch_date": f"2025-01-{number + 1:02}T00:00Z"}
        expected.append(body_of(await ask(ada, "POST", "/dex/entries/", json=body), 201)["id"])
    hidden = await catch(ask, ada, animal, visibility="private", catch_date="2025-03-01T00:00Z")
    own = await catch(ask, ben, animal, catch_date="2025-02-01T00:00Z")

    async def ben_sees_them() -> bool:
        recent = body_of(await ask(ben, "GET", "/dex/entries/recent/"))
        fits(recent, LISTED_ENTRIES)
        return recent["count"] == 20 and ids(recent) == [own["id"], *expected[:2:-1]]

    await until(ben_sees_them, 5)
    assert ids(body_of(await ask(ada, "GET", "/dex/entries/recent/")))[:2] == [hidden["id"], own["id"]]


async def test_strangers_public_entries_are_not_recent(ask: Ask, circle: Circle) -> None:
    recent = body_of(await ask(circle.stranger, "GET", "/dex/entries/recent/"))
    assert circle.entries["public"]["id"] not in ids(recent)
