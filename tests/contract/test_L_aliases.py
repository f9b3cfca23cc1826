"""L: what is served under a second name. (The friend code's names are with U5 and U6, the login's with T2.)"""

from typing import Any

import pytest

from deploy.local.player import Player
from tests.answers import Ask, body_of
from tests.contract.captures import befriended, new_picture
from tests.contract.pictures import as_file
from tests.mesh import NewPlayer


async def test_the_legacy_tree_has_two_names(ask: Ask, ada: Player) -> None:
    one, other = [body_of(await ask(ada, "GET", f"/graph/{name}/")) for name in ("evolutionary-tree", "taxonomic-tree")]
    assert one == other
    assert set(one) == {"nodes", "edges", "stats", "metadata"}
    assert "layout" not in one
    assert "layout" in body_of(await ask(ada, "GET", "/graph/tree/"))


async def test_two_ways_to_drop_the_caches(ask: Ask, ada: Player) -> None:
    tree = body_of(await ask(ada, "POST", "/graph/tree/invalidate/", json={}))
    assert tree == {"message": f"Tree caches invalidated for user {ada.name}"}
    graph = body_of(await ask(ada, "POST", "/graph/invalidate-cache/", json={}))
    assert graph == {"message": "Graph cache invalidated successfully"}


@pytest.mark.parametrize("path", ["/social/friendships/send_request/", "/social/friendships/"])
@pytest.mark.parametrize("key", ["friend_code", "user_id", "to_user_id"])
async def test_ways_to_ask_for_friendship(ask: Ask, new_player: NewPlayer, path: str, key: str) -> None:
    eve, ben = await new_player("eve"), await new_player("ben")
    value = ben.friend_code if key == "friend_code" else ben.id
    body = body_of(await ask(eve, "POST", path, json={key: value}), 201)
    assert (body["from_user"], body["to_user"], body["status"]) == (eve.id, ben.id, "pending")


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("by", ["friendship", "user"])
async def test_ways_to_end_one(ask: Ask, new_player: NewPlayer, method: str, by: str) -> None:
    eve, ben = await new_player("eve"), await new_player("ben")
    friendship = await befriended(ask, eve, ben)
    named = friendship["id"] if by == "friendship" else ben.id
    answer = await ask(eve, method, f"/social/friendships/{named}/unfriend/")
    if method == "DELETE":
        assert (answer.status_code, answer.content) == (204, b"")
    else:
        assert body_of(answer) == {"message": "Friendship removed successfully"}
    assert body_of(await ask(ben, "GET", "/social/friendships/friends/"))["count"] == 0


async def test_two_ways_to_a_job(ask: Ask, ada: Player) -> None:
    conversion = body_of(await ask(ada, "POST", "/images/convert/", files=as_file(new_picture())), 201)
    by_conversion = body_of(await ask(ada, "POST", "/vision/jobs/", json={"conversion_id": conversion["id"]}), 201)
    by_upload = body_of(await ask(ada, "POST", "/vision/jobs/", files=as_file(new_picture())), 201)
    assert by_conversion["conversion_id"] == by_conversion["source_conversion"] == conversion["id"]
    assert by_upload["source_conversion"] is None
    assert "conversion_id" not in by_upload
    for job in (by_conversion, by_upload):
        assert (await ada.finished(job["id"]))["status"] == "completed"


@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT"])
async def test_me_is_my_id(ask: Ask, ada: Player, method: str) -> None:
    more: dict[str, Any] = {} if method == "GET" else {"json": {}}
    by_id, by_me = [body_of(await ask(ada, method, f"/users/{name}/", **more)) for name in (ada.id, "me")]
    assert by_id | {"updated_at": ""} == by_me | {"updated_at": ""}
