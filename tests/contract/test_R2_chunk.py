"""R2: the tree in squares of 2048."""

from math import floor

import pytest

from deploy.local.player import Player
from tests.answers import Ask, body_of, refused
from tests.contract.forest import Forest
from tests.contract.test_R1_tree import tree_of


async def test_chunks_are_the_tree_in_squares(ask: Ask, forest: Forest) -> None:
    """Each node in exactly one chunk; each edge in every chunk that it touches; negative ones exist."""
    tree = await tree_of(ask, forest.player)
    summary = tree["layout"]["chunk_metadata"]
    assert summary["total_chunks"] == len(summary["chunks"])
    nodes, edges = {}, set()
    for chunk in summary["chunks"]:
        x, y = chunk["chunk_x"], chunk["chunk_y"]
        found = body_of(await ask(forest.player, "GET", f"/graph/tree/chunk/{x}/{y}/?mode=friends"))
        assert (found["chunk_x"], found["chunk_y"]) == (x, y)
        assert (found["node_count"], found["edge_count"]) == (len(found["nodes"]), len(found["edges"]))
        assert (found["node_count"], found["edge_count"]) == (chunk["node_count"], chunk["edge_count"])
        for node in found["nodes"]:
            assert node["id"] not in nodes
            assert (floor(node["position"][0] / 2048), floor(node["position"][1] / 2048)) == (x, y)
            nodes[node["id"]] = node
        edges |= {(edge["source"], edge["target"]) for edge in found["edges"]}
        side = chunk["world_bounds"]
        assert [side["min_x"], side["min_y"], side["max_x"], side["max_y"]] == [
            x * 2048,
            y * 2048,
            (x + 1) * 2048,
            (y + 1) * 2048,
        ]
    assert nodes == {node["id"]: node for node in tree["nodes"]}
    assert edges == {(edge["source"], edge["target"]) for edge in tree["edges"] if edge["source"] != "root"}
    assert min(chunk["chunk_x"] for chunk in summary["chunks"]) < 0


async def test_an_empty_chunk(ask: Ask, forest: Forest) -> None:
    found = body_of(await ask(forest.player, "GET", "/graph/tree/chunk/-99/1234/"))
    empty = {"nodes": [], "edges": [], "node_count": 0, "edge_count": 0}
    assert found == {"chunk_x": -99, "chunk_y": 1234, **empty}


@pytest.mark.parametrize("place", ["a/0", "0/b", "0.5/0", "1e3/0", "0/--1"])
async def test_places_that_are_no_integers(ask: Ask, ada: Player, place: str) -> None:
    refused(await ask(ada, "GET", f"/graph/tree/chunk/{place}/"), 404, {"detail": "Not found."})


async def test_chunks_keep_the_modes(ask: Ask, forest: Forest, ada: Player) -> None:
    refused(
        await ask(ada, "GET", "/graph/tree/chunk/0/0/?mode=global"),
        403,
        {"error": "Admin privileges required for global view"},
    )
    personal = body_of(await ask(forest.player, "GET", "/graph/tree/chunk/0/0/?mode=personal"))
    assert "Vulpes vulpes" not in {node["scientific_name"] for node in personal["nodes"]}
