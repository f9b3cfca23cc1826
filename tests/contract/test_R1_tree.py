"""R1: the taxonomic tree of what oneself and others caught, by mode."""

import pytest

from deploy.local.player import Player
from tests.answers import Ask, Json, body_of, refused
from tests.contract.circle import Circle
from tests.contract.forest import ANIMAL_NODE, FRIENDS, OWN, PARENT_CHILD, SECRET, TAX_NODE, Forest, box, point
from tests.mesh import NewPlayer, until
from tests.shapes import absent, computed_instant, fits, number

COUNTS = ("user_captures", "friend_captures", "unique_to_user", "shared_with_friends")
TREE = {
    "nodes": list,
    "edges": [PARENT_CHILD],
    "layout": {
        "positions": dict,
        "world_bounds": box,
        "chunk_metadata": {
            "chunks": [
                {
                    "chunk_x": int,
                    "chunk_y": int,
                    "node_count": int,
                    "edge_count": int,
                    "world_bounds": dict.fromkeys(("min_x", "min_y", "max_x", "max_y"), number),
                }
            ],
            "world_bounds": box,
            "chunk_size": {2048},
            "total_chunks": int,
        },
        "chunk_size": {"width": {2048}, "height": {2048}},
    },
    "stats": {
        **dict.fromkeys(("total_animals", "total_nodes", "total_edges"), int),
        "mode": str,
        "scope": {"users_included": lambda value: value == "all" or isinstance(value, int), "is_admin_view": bool},
        **dict.fromkeys(COUNTS, absent(int)),
        **{f"unique_{rank}": int for rank in ("kingdom", "phylum", "class", "order", "family", "genus")},
    },
    "metadata": {
        **dict.fromkeys(("mode", "user_id", "username", "cache_key"), str),
        "scoped_users": lambda value: value == "all" or isinstance(value, int),
        **dict.fromkeys(("total_nodes", "total_edges"), int),
    },
}


async def tree_of(ask: Ask, player: Player, query: str = "mode=friends&use_cache=true") -> Json:
    """The tree, of the contract's shape."""
    found = body_of(await ask(player, "GET", f"/graph/tree/?{query}"))
    fits(found, TREE)
    for node in found["nodes"]:
        fits(node, ANIMAL_NODE if node["type"] == "animal" else TAX_NODE)
        assert None not in node.values()
    for name, position in found["layout"]["positions"].items():
        assert point(position), name
    return found


def animals_in(tree: Json) -> set[str]:
    return {node["scientific_name"] for node in tree["nodes"] if node["type"] == "animal"}


async def test_by_mode(ask: Ask, forest: Forest) -> None:
    for query, expected, users in (
        ("mode=personal", set(OWN), 1),
        ("mode=friends", {*OWN, *FRIENDS}, 2),
        ("", {*OWN, *FRIENDS}, 2),
        (f"mode=selected&friend_ids={forest.friend.id}", {*OWN, *FRIENDS}, 2),
        ("mode=selected", set(OWN), 1),
        ("mode=selected&friend_ids=", set(OWN), 1),
        ("mode=selected&friend_ids=00000000-0000-4000-8000-000000000000", set(OWN), 1),
    ):
        tree = await tree_of(ask, forest.player, query)
        assert animals_in(tree) == expected, query
        mode = query.partition("mode=")[2].partition("&")[0] or "friends"
        assert tree["stats"]["mode"] == tree["metadata"]["mode"] == mode
        assert tree["stats"]["scope"] == {"users_included": users, "is_admin_view": False}
        assert tree["metadata"]["scoped_users"] == users
        assert (tree["metadata"]["user_id"], tree["metadata"]["username"]) == (forest.player.id, forest.player.name)


async def test_the_figures(ask: Ask, forest: Forest) -> None:
    tree = await tree_of(ask, forest.player)
    animals = [node for node in tree["nodes"] if node["type"] == "animal"]
    stats = tree["stats"]
    assert [stats[name] for name in COUNTS] == [5, 2, 4, 1]
    assert stats["total_animals"] == len(animals) == 6
    assert stats["total_nodes"] == tree["metadata"]["total_nodes"] == len(tree["nodes"])
    assert stats["total_edges"] == tree["metadata"]["total_edges"] == len(tree["edges"])
    for rank in ("kingdom", "phylum", "class", "order", "family", "genus"):
        values = {node["taxonomy"][rank] for node in animals} - {""}
        assert stats[f"unique_{rank}"] == len(values)
    assert (stats["unique_kingdom"], stats["unique_class"], stats["unique_genus"]) == (1, 2, 5)


async def test_who_caught_what(ask: Ask, forest: Forest) -> None:
    nodes = {node["scientific_name"]: node for node in (await tree_of(ask, forest.player))["nodes"]}
    for name, mine, friends, count in (
        ("Panthera leo", True, 1, 2),
        ("Canis lupus", True, 0, 1),
        ("Vulpes vulpes", False, 1, 1),
    ):
        node = nodes[name]
        caught = (node["captured_by_user"], len(node["captured_by_friends"]), node["capture_count"])
        assert caught == (mine, friends, count)
        for each in node["captured_by_friends"]:
            assert (each["user_id"], each["username"]) == (forest.friend.id, forest.friend.name)
            fits(each["captured_at"], computed_instant)
        animal = forest.animals[name]
        assert (node["id"], node["creation_index"]) == (animal["id"], animal["creation_index"])
        assert node["taxonomy"]["family"] == animal["family"]


async def test_the_discoverer(ask: Ask, circle: Circle) -> None:
    """The owner discovered the animals of the circle: herself, a friend, and a stranger are told apart."""
    for viewer, is_self, is_friend in ((circle.owner, True, False), (circle.friend, False, True)):
        tree = await tree_of(ask, viewer)
        node = next(each for each in tree["nodes"] if each["id"] == circle.animals["public"]["id"])
        assert node["discoverer"] == {
            "user_id": circle.owner.id,
            "username": circle.owner.name,
            "is_self": is_self,
            "is_friend": is_friend,
        }


@pytest.mark.parametrize("role", ["ex_friend", "blocked", "stranger", "staff"])
@pytest.mark.parametrize("mode", ["personal", "friends", "selected"])
async def test_who_is_no_friend_sees_nothing(ask: Ask, circle: Circle, role: str, mode: str) -> None:
    player = circle.player(role)
    assert player
    tree = await tree_of(ask, player, f"mode={mode}&friend_ids={circle.owner.id}")
    assert not {each["id"] for each in circle.animals.values()} & {each["id"] for each in tree["nodes"]}


async def test_private_entries_are_in_nobody_elses_tree(ask: Ask, forest: Forest, circle: Circle) -> None:
    assert SECRET not in str(await tree_of(ask, forest.player))
    assert SECRET in animals_in(await tree_of(ask, forest.friend, "mode=personal"))
    shown = {each["id"] for each in (await tree_of(ask, circle.friend))["nodes"]}
    assert circle.animals["private"]["id"] not in shown
    assert {circle.animals["friends"]["id"], circle.animals["public"]["id"]} <= shown


async def test_everybodys_is_for_staff(ask: Ask, circle: Circle, staff: Player) -> None:
    answer = await ask(circle.owner, "GET", "/graph/tree/?mode=global")
    refused(answer, 403, {"error": "Admin privileges required for global view"})

    async def shown() -> bool:
        tree = await tree_of(ask, staff, "mode=global")
        assert tree["stats"]["scope"] == {"users_included": "all", "is_admin_view": True}
        assert tree["metadata"]["scoped_users"] == "all"
        assert not set(COUNTS) & set(tree["stats"])
        ids = {each["id"] for each in tree["nodes"]}
        assert circle.animals["private"]["id"] not in ids
        return {circle.animals["friends"]["id"], circle.animals["public"]["id"]} <= ids

    await until(shown, 5)


@pytest.mark.parametrize("query", ["mode=selected&friend_ids=koala", "mode=selected&friend_ids=1,2"])
async def test_friend_ids_that_are_none(ask: Ask, ada: Player, query: str) -> None:
    error = "Invalid friend_ids format - expected comma-separated UUIDs"
    refused(await ask(ada, "GET", f"/graph/tree/?{query}"), 400, {"error": error})


async def test_a_mode_that_is_none(ask: Ask, ada: Player) -> None:
    body = body_of(await ask(ada, "GET", "/graph/tree/?mode=sideways"), 400)
    assert body["detail"] == body["error"]


async def test_an_empty_tree(ask: Ask, new_player: NewPlayer) -> None:
    tree = await tree_of(ask, await new_player("eve"))
    assert (tree["nodes"], tree["edges"]) == ([], [])
    layout = tree["layout"]
    assert layout["positions"] == {"root": [0, 0]}
    assert layout["world_bounds"] == [-204.8, -204.8, 204.8, 204.8]
    assert (layout["chunk_metadata"]["chunks"], layout["chunk_metadata"]["total_chunks"]) == ([], 0)


async def test_nobody(ask: Ask) -> None:
    answer = await ask(None, "GET", "/graph/tree/?mode=friends")
    refused(answer, 401, {"detail": "Authentication credentials were not provided."})
