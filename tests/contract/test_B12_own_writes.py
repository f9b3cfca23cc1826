"""B12, G8: whoever writes sees it in the very next answer of every service; who knows an answer gets 304."""

import pytest

from deploy.local.player import Player
from tests.answers import Ask, body_of
from tests.contract.captures import befriended, looked_at, new_animal
from tests.contract.forest import Forest
from tests.mesh import NewPlayer, until

KEPT = [
    "/graph/tree/?mode=friends&use_cache=true",
    "/graph/tree/?mode=personal",
    "/graph/evolutionary-tree/",
    "/graph/tree/chunk/0/0/",
    "/graph/tree/search/?q=panthera",
]


async def test_a_new_entry_shows_everywhere_at_once(ask: Ask, new_player: NewPlayer) -> None:
    eve = await new_player("eve")
    job = await looked_at(ask, eve)
    for number in (1, 2, 3):
        entry = await eve.catch(job, (await new_animal(ask, eve))["id"])
        assert (await eve.tree("personal"))["stats"]["user_captures"] == number
        assert (await eve.get("/graph/evolutionary-tree/"))["stats"]["user_captures"] == number
        assert (await eve.get("/users/me/"))["profile"]["total_catches"] == number
        assert entry["id"] in [each["id"] for each in (await eve.get("/dex/entries/sync_entries/"))["entries"]]
        assert entry["id"] in [each["id"] for each in (await eve.get("/dex/entries/my_entries/"))["results"]]


async def test_an_edit_shows_everywhere_at_once(ask: Ask, new_player: NewPlayer) -> None:
    eve = await new_player("eve")
    before, after = await new_animal(ask, eve), await new_animal(ask, eve)
    entry = await eve.catch(await looked_at(ask, eve), before["id"])
    await eve.tree("personal")
    await ask(eve, "PUT", f"/dex/entries/{entry['id']}/", json={"animal": after["id"]})
    shown = {node["id"] for node in (await eve.tree("personal"))["nodes"]}
    assert after["id"] in shown
    assert before["id"] not in shown
    (item,) = (await eve.get("/dex/entries/sync_entries/"))["entries"]
    assert (item["id"], item["animal_id"]) == (entry["id"], after["id"])
    await ask(eve, "DELETE", f"/dex/entries/{entry['id']}/")
    assert (await eve.tree("personal"))["nodes"] == []
    assert (await eve.get("/users/me/"))["profile"]["total_catches"] == 0


async def test_a_friendship_shows_everywhere_at_once(ask: Ask, new_player: NewPlayer) -> None:
    ada, ben = await new_player("ada"), await new_player("ben")
    entry = await ada.catch(await looked_at(ask, ada), (await new_animal(ask, ada))["id"])

    async def dex_of(viewer: Player) -> tuple[list[str], bool, int]:
        overview = (await viewer.get("/dex/entries/friends_overview/"))["friends"]
        batch = await viewer.post("/dex/entries/batch_sync/", {"sync_requests": [{"user_id": ada.id}]})
        synced = entry["id"] in [each["id"] for each in batch["results"][ada.id].get("entries", [])]
        tree: int = (await viewer.tree("friends"))["stats"]["friend_captures"]
        return [each["user_id"] for each in overview], synced, tree

    # Of somebody else's entry, nothing is promised before its event has arrived.
    await until(lambda: _counted(ask, ada, ben), 10)
    assert await dex_of(ben) == ([], False, 0)
    await befriended(ask, ada, ben)
    assert await dex_of(ben) == ([ada.id], True, 1)
    await ask(ben, "GET", f"/social/friendships/{ada.id}/unfriend/")
    assert await dex_of(ben) == ([], False, 0)


async def _counted(ask: Ask, owner: Player, viewer: Player) -> bool:
    card = body_of(await ask(owner, "GET", "/graph/tree/?mode=personal"))["stats"]["user_captures"]
    return bool(card == 1) and bool(viewer.id)


@pytest.mark.parametrize("path", KEPT)
async def test_who_knows_the_answer_gets_none(ask: Ask, forest: Forest, path: str) -> None:
    first = await ask(forest.player, "GET", path)
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    for known in (tag, f'"other", {tag}', f"W/{tag}" if not tag.startswith("W/") else tag):
        again = await ask(forest.player, "GET", path, headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"].removeprefix("W/") == tag.removeprefix("W/")
    other = await ask(forest.player, "GET", path, headers={"If-None-Match": '"other"'})
    assert other.json() == first.json()


@pytest.mark.parametrize("path", KEPT)
async def test_nobody_elses_answer_is_known(ask: Ask, forest: Forest, path: str) -> None:
    tags = {(await ask(who, "GET", path)).headers["etag"] for who in (forest.player, forest.friend)}
    assert len(tags) == 2


async def test_a_change_is_a_new_answer(ask: Ask, new_player: NewPlayer) -> None:
    eve = await new_player("eve")
    path = "/graph/tree/?mode=personal&use_cache=true"
    before = await ask(eve, "GET", path)
    await eve.catch(await looked_at(ask, eve), (await new_animal(ask, eve))["id"])
    after = await ask(eve, "GET", path, headers={"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200
    assert after.json()["metadata"]["cache_key"] != before.json()["metadata"]["cache_key"]


async def test_made_anew_it_is_the_same(ask: Ask, forest: Forest) -> None:
    kept = body_of(await ask(forest.player, "GET", "/graph/tree/?mode=friends&use_cache=true"))
    anew = body_of(await ask(forest.player, "GET", "/graph/tree/?mode=friends&use_cache=false"))
    assert anew == kept


@pytest.mark.parametrize("path", ["/dex/entries/my_entries/", "/dex/entries/sync_entries/", "/vision/jobs/"])
async def test_no_shared_cache_keeps_it(ask: Ask, ada: Player, path: str) -> None:
    answer = await ask(ada, "GET", path)
    assert answer.headers["cache-control"] in ("private, no-store", "private, no-cache")
    if "no-cache" in answer.headers["cache-control"]:
        known = {"If-None-Match": answer.headers["etag"]}
        assert (await ask(ada, "GET", path, headers=known)).status_code == 304
