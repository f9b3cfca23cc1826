"""D8: one's own favorites, in one piece."""

from tests.answers import Ask, body_of, refused
from tests.contract.captures import catch, new_animal
from tests.contract.circle import Circle
from tests.contract.objects_of_dex import LISTED_ENTRIES
from tests.mesh import NewPlayer
from tests.shapes import fits

PATH = "/dex/entries/favorites/"
NONE = {"count": 0, "results": []}


async def test_favorites_only(ask: Ask, new_player: NewPlayer) -> None:
    eve = await new_player("eve")
    assert body_of(await ask(eve, "GET", PATH)) == NONE
    entry, _ = [await catch(ask, eve, await new_animal(ask, eve), visibility="private") for _ in range(2)]
    await ask(eve, "PATCH", f"/dex/entries/{entry['id']}/", json={"is_favorite": True})
    found = body_of(await ask(eve, "GET", PATH))
    fits(found, LISTED_ENTRIES)
    assert set(found) == {"count", "results"}
    assert [each["id"] for each in found["results"]] == [entry["id"]]
    assert (found["count"], found["results"][0]["is_favorite"]) == (1, True)


async def test_friends_favorites_are_theirs(ask: Ask, circle: Circle) -> None:
    assert body_of(await ask(circle.friend, "GET", PATH)) == NONE
    refused(await ask(None, "GET", PATH), 401, {"detail": "Authentication credentials were not provided."})
