"""D15: many friends in one answer; what is wrong with one does not fail the others."""

from typing import Any

import pytest

from deploy.local.player import Player
from tests.answers import Ask, Json, body_of, refused
from tests.contract.circle import Circle
from tests.contract.objects_of_dex import SYNC_ITEM
from tests.shapes import computed_instant, fits, uuid

PATH = "/dex/entries/batch_sync/"
UNKNOWN = "00000000-0000-4000-8000-000000000000"


async def batch(ask: Ask, player: Player, *requests: Json) -> Json:
    found = body_of(await ask(player, "POST", PATH, json={"sync_requests": list(requests)}))
    fits(found, {"results": dict, "server_time": computed_instant})
    for result in found["results"].values():
        if "error" in result:
            fits(result, {"error": str})
        else:
            fits(result, {"entries": [SYNC_ITEM], "count": int, "withdrawn": [uuid]})
            assert result["count"] == len(result["entries"])
    results: Json = found["results"]
    return results


async def test_a_friend_as_the_feed_asks(ask: Ask, circle: Circle) -> None:
    results = await batch(ask, circle.friend, {"user_id": circle.owner.id, "last_sync": ""})
    assert set(results) == {circle.owner.id}
    shown = {circle.entries[each]["id"] for each in ("friends", "public")}
    assert {each["id"] for each in results[circle.owner.id]["entries"]} == shown


async def test_oneself_by_two_names(ask: Ask, circle: Circle) -> None:
    results = await batch(ask, circle.owner, {"user_id": "self"}, {"user_id": circle.owner.id})
    assert list(results) == ["self", circle.owner.id]
    assert results["self"] == results[circle.owner.id]
    assert results["self"]["count"] == 3


async def test_the_keys_are_those_sent(ask: Ask, circle: Circle) -> None:
    shouted = circle.owner.id.upper()
    results = await batch(
        ask,
        circle.friend,
        {"user_id": shouted},
        {"user_id": circle.stranger.id},
        {"user_id": UNKNOWN},
        {"user_id": "x"},
    )
    assert set(results) == {shouted, circle.stranger.id, UNKNOWN, "x"}
    assert results[shouted].get("count") == 2
    assert results[circle.stranger.id] == {"error": "Not friends with this user"}
    assert results[UNKNOWN] == results["x"] == {"error": "User not found"}


@pytest.mark.parametrize("role", ["ex_friend", "blocked", "stranger", "staff"])
async def test_who_is_no_friend(ask: Ask, circle: Circle, role: str) -> None:
    player = circle.player(role)
    assert player
    results = await batch(ask, player, {"user_id": circle.owner.id})
    assert results == {circle.owner.id: {"error": "Not friends with this user"}}


async def test_since_when(ask: Ask, circle: Circle) -> None:
    everything = body_of(await ask(circle.owner, "POST", PATH, json={"sync_requests": [{"user_id": "self"}]}))
    for last_sync, expected in (
        (everything["server_time"], 0),
        ("", 3),
        (None, 3),
        ("soon", 3),
        (17, 3),
        ("2020-01-01T00:00:00Z", 3),
    ):
        results = await batch(ask, circle.owner, {"user_id": "self", "last_sync": last_sync})
        assert results["self"]["count"] == expected, last_sync
    bad = await batch(ask, circle.owner, {"user_id": "self", "last_sync": "2026-13-01T00:00:00Z"})
    assert bad == {"self": {"error": "month must be in 1..12"}}


@pytest.mark.parametrize("body", [{}, {"sync_requests": []}])
async def test_nothing_asked(ask: Ask, ada: Player, body: Json) -> None:
    assert body_of(await ask(ada, "POST", PATH, json=body))["results"] == {}


@pytest.mark.parametrize(
    "requests",
    [None, "self", {}, 7, ["self"], [None], [[]], [{}], [{"last_sync": ""}], [{"user_id": None}]],
)
async def test_what_is_no_list_of_requests(ask: Ask, ada: Player, requests: Any) -> None:
    body = body_of(await ask(ada, "POST", PATH, json={"sync_requests": requests}), 400)
    assert isinstance(body["detail"], str)


async def test_an_array_as_body(ask: Ask, ada: Player) -> None:
    message = "Invalid data. Expected a dictionary, but got list."
    refused(await ask(ada, "POST", PATH, json=[]), 400, {"non_field_errors": [message]})


async def test_at_most_five_hundred(ask: Ask, ada: Player) -> None:
    many = [{"user_id": f"{number:08}-0000-4000-8000-000000000000"} for number in range(501)]
    assert len(await batch(ask, ada, *many[:500])) == 500
    body = body_of(await ask(ada, "POST", PATH, json={"sync_requests": many}), 400)
    assert isinstance(body["detail"], str)
