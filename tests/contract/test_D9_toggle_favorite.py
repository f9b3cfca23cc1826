"""D9: an entry becomes a favorite, or no longer is one, and syncs either way."""

import asyncio

import pytest

from tests.answers import Ask, body_of, refused
from tests.contract.captures import catch, new_animal
from tests.contract.circle import Circle
from tests.contract.objects_of_dex import DEX_ENTRY
from tests.mesh import NewPlayer
from tests.shapes import fits


async def test_there_and_back(ask: Ask, new_player: NewPlayer) -> None:
    eve = await new_player("eve")
    entry, other = [await catch(ask, eve, await new_animal(ask, eve)) for _ in range(2)]
    since = (await eve.get("/dex/entries/sync_entries/"))["server_time"]
    toggled = body_of(await ask(eve, "POST", f"/dex/entries/{entry['id']}/toggle_favorite/", json={}))
    fits(toggled, DEX_ENTRY)
    assert toggled["is_favorite"] is True
    synced = await eve.ask("GET", "/dex/entries/sync_entries/", params={"last_sync": since})
    assert [(each["id"], each["is_favorite"]) for each in synced["entries"]] == [(entry["id"], True)]
    again = body_of(await ask(eve, "POST", f"/dex/entries/{entry['id']}/toggle_favorite/", json={}))
    assert again["is_favorite"] is False
    assert again["updated_at"] > toggled["updated_at"]
    assert (await eve.get(f"/dex/entries/{other['id']}/"))["is_favorite"] is False


async def test_toggles_at_the_same_time_all_count(ask: Ask, new_player: NewPlayer) -> None:
    """One atomic statement each: an even number of them changes nothing."""
    eve = await new_player("eve")
    entry = await catch(ask, eve, await new_animal(ask, eve))
    path = f"/dex/entries/{entry['id']}/toggle_favorite/"
    answers = await asyncio.gather(*(ask(eve, "POST", path, json={}) for _ in range(8)))
    assert sorted(answer.json()["is_favorite"] for answer in answers) == [False] * 4 + [True] * 4
    assert (await eve.get(f"/dex/entries/{entry['id']}/"))["is_favorite"] is False


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
