"""R6: the older tree by both its names: animals, linked within a family."""

import pytest

from tests.answers import Ask, body_of, refused
from tests.contract.circle import Circle
from tests.contract.forest import FRIENDS, OWN, RANKS, SECRET, Forest
from tests.shapes import fits, nullable, uuid

PATHS = ["/graph/evolutionary-tree/", "/graph/taxonomic-tree/"]
LEGACY = {
    "nodes": [
        {
            "id": uuid,
            "scientific_name": str,
            "common_name": str,
            "creation_index": int,
            "taxonomy": dict.fromkeys(RANKS, str),
            "conservation_status": str,
            "verified": bool,
            "captured_by_user": bool,
            "capture_count": int,
            "discoverer": nullable({"user_id": uuid, "username": str, "is_friend": bool, "is_self": bool}),
        }
    ],
    "edges": [{"source": uuid, "target": uuid, "relationship": {"same_family"}, "family": str}],
    "stats": {
        **dict.fromkeys(
            ("total_animals", "user_captures", "user_unique_species", "friend_captures", "friend_count"), int
        ),
        "taxonomic_diversity": {"kingdoms": int, "phylums": int, "families": int},
    },
    "metadata": {"user_id": uuid, "username": str, "total_nodes": int, "total_edges": int},
}


@pytest.mark.parametrize("path", PATHS)
async def test_animals_of_oneself_and_friends(ask: Ask, forest: Forest, path: str) -> None:
    found = body_of(await ask(forest.player, "GET", path))
    fits(found, LEGACY)
    nodes = {node["scientific_name"]: node for node in found["nodes"]}
    assert set(nodes) == {*OWN, *FRIENDS}
    assert SECRET not in nodes
    assert (nodes["Panthera leo"]["captured_by_user"], nodes["Panthera leo"]["capture_count"]) == (True, 2)
    assert (nodes["Vulpes vulpes"]["captured_by_user"], nodes["Vulpes vulpes"]["capture_count"]) == (False, 1)
    stats = {"total_animals": 6, "user_captures": 5, "user_unique_species": 5, "friend_captures": 2, "friend_count": 1}
    assert {name: found["stats"][name] for name in stats} == stats
    assert found["stats"]["taxonomic_diversity"]["kingdoms"] == 1
    assert found["metadata"]["user_id"] == forest.player.id
    assert (found["metadata"]["total_nodes"], found["metadata"]["total_edges"]) == (6, len(found["edges"]))


async def test_every_pair_of_a_family(ask: Ask, forest: Forest) -> None:
    """Three cats make three edges, two dogs one, the raven none."""
    found = body_of(await ask(forest.player, "GET", PATHS[0]))
    names = {node["id"]: node["scientific_name"] for node in found["nodes"]}
    pairs = sorted(sorted((names[edge["source"]], names[edge["target"]])) for edge in found["edges"])
    assert pairs == [
        ["Canis lupus", "Vulpes vulpes"],
        ["Felis catus", "Panthera leo"],
        ["Felis catus", "Panthera tigris"],
        ["Panthera leo", "Panthera tigris"],
    ]
    assert {edge["family"] for edge in found["edges"]} == {"Felidae", "Canidae"}


async def test_both_paths_answer_alike(ask: Ask, forest: Forest) -> None:
    first, second = [body_of(await ask(forest.player, "GET", f"{path}?use_cache=false")) for path in PATHS]
    assert first == second


async def test_private_entries_of_friends_are_not_in_it(ask: Ask, circle: Circle) -> None:
    found = body_of(await ask(circle.friend, "GET", PATHS[0]))
    expected = {circle.animals[each]["id"] for each in ("friends", "public")}
    assert {node["id"] for node in found["nodes"]} == expected
    for role in ("ex_friend", "blocked", "stranger", "staff"):
        nothing = body_of(await ask(circle.player(role), "GET", PATHS[0]))
        assert not {node["id"] for node in nothing["nodes"]} & {each["id"] for each in circle.animals.values()}


@pytest.mark.parametrize("path", PATHS)
async def test_nobody(ask: Ask, path: str) -> None:
    refused(await ask(None, "GET", path), 401, {"detail": "Authentication credentials were not provided."})
