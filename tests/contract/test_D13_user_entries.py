"""D13: another player's entries, as far as one may see them."""

from urllib.parse import quote

import pytest

from deploy.local.player import Player
from tests.answers import Ask, body_of, refused
from tests.contract.circle import Circle
from tests.contract.objects_of_dex import SYNC_ITEM
from tests.contract.test_D3_list_entries import SEEN
from tests.mesh import NewPlayer
from tests.shapes import computed_instant, fits, uuid

USER_SYNC = {
    "entries": [SYNC_ITEM],
    "server_time": computed_instant,
    "user_id": uuid,
    "total_count": int,
    "withdrawn": [uuid],
}


@pytest.mark.parametrize("role", SEEN)
async def test_who_sees_what(ask: Ask, circle: Circle, role: str) -> None:
    found = body_of(await ask(circle.player(role), "GET", f"/dex/entries/user/{circle.owner.id}/entries/"))
    fits(found, USER_SYNC)
    assert found["user_id"] == circle.owner.id
    assert {each["id"] for each in found["entries"]} == {circle.entries[each]["id"] for each in SEEN[role]}
    assert found["total_count"] == len(found["entries"])
    numbers = [each["creation_index"] for each in found["entries"]]
    assert numbers == sorted(numbers)


async def test_it_is_what_the_owner_syncs(ask: Ask, circle: Circle) -> None:
    own = (await circle.owner.get("/dex/entries/sync_entries/"))["entries"]
    path = f"/dex/entries/user/{circle.owner.id}/entries/"
    assert body_of(await ask(circle.owner, "GET", path))["entries"] == own
    assert all(each in own for each in body_of(await ask(circle.friend, "GET", path))["entries"])


async def test_since_the_last_time(ask: Ask, circle: Circle) -> None:
    path = f"/dex/entries/user/{circle.owner.id}/entries/"
    since = body_of(await ask(circle.friend, "GET", path))["server_time"]
    assert body_of(await ask(circle.friend, "GET", f"{path}?last_sync={quote(since, safe='')}"))["entries"] == []
    answer = await ask(circle.friend, "GET", f"{path}?last_sync=soon")
    refused(answer, 400, {"error": "Invalid last_sync format. Use ISO 8601 datetime."})


@pytest.mark.parametrize("user_id", ["00000000-0000-4000-8000-000000000000", "koala", "self", "17"])
async def test_nobody_of_that_id(ask: Ask, ada: Player, user_id: str) -> None:
    refused(await ask(ada, "GET", f"/dex/entries/user/{user_id}/entries/"), 404, {"error": "User not found"})


async def test_somebody_who_registered_a_moment_ago(ask: Ask, ada: Player, new_player: NewPlayer) -> None:
    found = body_of(await ask(ada, "GET", f"/dex/entries/user/{(await new_player('eve')).id}/entries/"))
    assert (found["entries"], found["total_count"]) == ([], 0)
