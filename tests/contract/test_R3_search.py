"""R3: finding an animal in one's tree by a part of its name."""

import pytest

from deploy.local.player import Player
from tests.answers import Ask, Json, body_of, refused
from tests.contract.circle import Circle
from tests.contract.forest import SECRET, Forest, point
from tests.contract.test_R1_tree import tree_of
from tests.shapes import fits, uuid

PATH = "/graph/tree/search/"
SEARCH = {
    "query": str,
    "mode": str,
    "count": int,
    "results": [{"id": uuid, "scientific_name": str, "common_name": str, "position": point, "taxonomy_path": str}],
}


async def search(ask: Ask, player: Player, query: str) -> Json:
    found = body_of(await ask(player, "GET", f"{PATH}?{query}"))
    fits(found, SEARCH)
    assert found["count"] == len(found["results"])
    return found


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=panthera", {"Panthera leo", "Panthera tigris"}),
        ("q=PANTHERA%20LEO", {"Panthera leo"}),
        ("q=anthera%20ti", {"Panthera tigris"}),
        ("q=vulpes&mode=friends", {"Vulpes vulpes"}),
        ("q=vulpes&mode=personal", set()),
        ("q=nothing-like-that", set()),
        ("q=100%25", set()),
        ("q=_", set()),
    ],
)
async def test_names_contain_it(ask: Ask, forest: Forest, query: str, expected: set[str]) -> None:
    found = await search(ask, forest.player, query)
    assert {each["scientific_name"] for each in found["results"]} == expected


async def test_where_it_is(ask: Ask, forest: Forest) -> None:
    """The position is that of the tree; the path starts at the kingdom and ends at the epithet."""
    found = await search(ask, forest.player, "q=Panthera%20leo")
    assert (found["query"], found["mode"]) == ("Panthera leo", "friends")
    (lion,) = found["results"]
    tree = await tree_of(ask, forest.player)
    assert lion["position"] == tree["layout"]["positions"][lion["id"]]
    path = lion["taxonomy_path"].split("/")
    assert (path[0], path[-1]) == ("Animalia", "leo")
    assert "Felidae" in path


async def test_no_more_than_asked_for(ask: Ask, forest: Forest) -> None:
    assert (await search(ask, forest.player, "q=a&limit=2"))["count"] == 2


@pytest.mark.parametrize("limit", ["0", "-1", "many", "1.5", "", "%00"])
async def test_limits_that_are_none(ask: Ask, ada: Player, limit: str) -> None:
    answer = await ask(ada, "GET", f"{PATH}?q=a&limit={limit}")
    body = body_of(answer, 400)
    assert isinstance(body["detail"], str)


async def test_nothing_asked(ask: Ask, ada: Player) -> None:
    for path in (PATH, f"{PATH}?q=", f"{PATH}?q=%20"):
        refused(await ask(ada, "GET", path), 400, {"error": "Query parameter required"})


async def test_only_within_what_one_may_see(ask: Ask, forest: Forest, circle: Circle) -> None:
    assert (await search(ask, forest.player, f"q={SECRET.replace(' ', '%20')}"))["count"] == 0
    assert (await search(ask, forest.friend, f"q={SECRET.replace(' ', '%20')}"))["count"] == 1
    for role, expected in (
        ("friend", {"friends", "public"}),
        ("ex_friend", set()),
        ("blocked", set()),
        ("staff", set()),
    ):
        player = circle.player(role)
        assert player
        seen = set()
        for visibility, animal in circle.animals.items():
            if (await search(ask, player, f"q={animal['scientific_name'].split()[1]}"))["count"]:
                seen.add(visibility)
        assert seen == expected, role


async def test_everybodys_is_for_staff(ask: Ask, ada: Player) -> None:
    answer = await ask(ada, "GET", f"{PATH}?q=a&mode=global")
    refused(answer, 403, {"error": "Admin privileges required for global view"})
