"""D7: one's own entries, newest catch first, in pages."""

from tests.answers import Ask, Json, body_of, refused
from tests.contract.captures import looked_at, new_animal
from tests.contract.circle import Circle
from tests.contract.objects_of_dex import ENTRY_ITEM
from tests.mesh import Mesh, NewPlayer
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
