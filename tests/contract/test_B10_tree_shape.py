"""B10: how a tree is built and drawn, seen from outside."""

from collections import defaultdict
from itertools import pairwise

import pytest

from deploy.local.player import Player
from tests.answers import Ask, Json, body_of
from tests.contract.captures import animal_named, looked_at, unheard_name
from tests.contract.forest import Forest
from tests.contract.test_R1_tree import tree_of
from tests.mesh import NewPlayer

RANKS = ("kingdom", "phylum", "class", "order", "family", "genus", "species")


def children_of(tree: Json) -> dict[str, list[str]]:
    children: dict[str, list[str]] = defaultdict(list)
    for edge in tree["edges"]:
        children[edge["source"]].append(edge["target"])
    return children


def depths_of(tree: Json) -> dict[str, int]:
    children, depths, waiting = children_of(tree), {"root": 0}, ["root"]
    while waiting:
        node = waiting.pop()
        for child in children[node]:
            assert child not in depths, "no node has two parents"
            depths[child] = depths[node] + 1
            waiting.append(child)
    return depths


async def test_one_tree_that_hangs_on_the_root(ask: Ask, forest: Forest) -> None:
    tree = await tree_of(ask, forest.player)
    ids = [node["id"] for node in tree["nodes"]]
    assert "root" not in ids
    assert len(set(ids)) == len(ids)
    assert set(depths_of(tree)) == {"root", *ids}
    assert len(tree["edges"]) == len(ids)
    assert set(tree["layout"]["positions"]) == {"root", *ids}


async def test_rank_by_rank_down_to_the_animal(ask: Ask, forest: Forest) -> None:
    tree = await tree_of(ask, forest.player)
    nodes = {node["id"]: node for node in tree["nodes"]}
    parents = {edge["target"]: edge for edge in tree["edges"]}
    lion = next(
        node for node in tree["nodes"] if node["scientific_name"] == "Panthera leo" and node["type"] == "animal"
    )
    edge = parents[lion["id"]]
    assert edge["rank_transition"] == "species_to_species"
    above = []
    while edge["source"] != "root":
        node = nodes[edge["source"]]
        above.append((node["rank"], node["name"]))
        below = edge
        edge = parents[edge["source"]]
        if below["target"] != lion["id"]:
            child = nodes[below["target"]]
            assert below["rank_transition"] == f"{node['rank']}_to_{child['rank']}"
    assert above[::-1] == [(rank, lion["taxonomy"][rank]) for rank in RANKS if lion["taxonomy"][rank]]
    assert f"genus_{lion['taxonomy']['genus']}" in nodes


async def test_what_is_counted_below(ask: Ask, forest: Forest) -> None:
    tree = await tree_of(ask, forest.player)
    children, nodes = children_of(tree), {node["id"]: node for node in tree["nodes"]}

    def animals_below(name: str) -> int:
        if nodes[name]["type"] == "animal":
            return 1
        return sum(animals_below(child) for child in children[name])

    for node in tree["nodes"]:
        if node["type"] == "taxonomic":
            assert node["children_count"] == len(children[node["id"]])
            assert node["animal_count"] == animals_below(node["id"])


async def test_the_drawing(ask: Ask, forest: Forest) -> None:
    """150 a level, nobody nearer than 100, parents over the middle of their children, the root at zero."""
    tree = await tree_of(ask, forest.player)
    places, children, depths = tree["layout"]["positions"], children_of(tree), depths_of(tree)
    assert places["root"] == [0, 0]
    levels: dict[int, list[float]] = defaultdict(list)
    for name, depth in depths.items():
        assert places[name][1] == 150 * depth
        levels[depth].append(places[name][0])
    for row in levels.values():
        row.sort()
        assert all(right - left >= 100 - 1e-6 for left, right in pairwise(row))
    for parent, below in children.items():
        if below:
            middle = (places[below[0]][0] + places[below[-1]][0]) / 2
            assert places[parent][0] == pytest.approx(middle)
            across = [places[child][0] for child in below]
            assert across == sorted(across)
    for node in tree["nodes"]:
        assert node["position"] == places[node["id"]]


async def test_siblings_in_the_order_of_their_numbers(ask: Ask, forest: Forest) -> None:
    tree = await tree_of(ask, forest.player)
    children, nodes = children_of(tree), {node["id"]: node for node in tree["nodes"]}

    def first(name: str) -> int:
        node = nodes[name]
        number: int = node["creation_index"] if node["type"] == "animal" else min(map(first, children[name]))
        return number

    for below in children.values():
        numbers = [first(child) for child in below]
        assert numbers == sorted(numbers)


async def test_the_world_is_what_is_drawn_and_a_margin(ask: Ask, forest: Forest) -> None:
    layout = (await tree_of(ask, forest.player))["layout"]
    across, down = zip(*layout["positions"].values(), strict=True)
    expected = [min(across) - 204.8, min(down) - 204.8, max(across) + 204.8, max(down) + 204.8]
    assert layout["world_bounds"] == pytest.approx(expected)
    assert layout["chunk_metadata"]["world_bounds"] == layout["world_bounds"]


async def test_ranks_that_are_missing_are_skipped(ask: Ask, new_player: NewPlayer) -> None:
    """An animal hangs on the nearest ancestor that it has; one without any hangs on the root's kingdom."""
    eve = await new_player("eve")
    names = {"phylum": "Testphylum", "family": "Testfamily"}
    animal = await animal_named(ask, eve, unheard_name().split()[1].capitalize(), **names)
    job = await looked_at(ask, eve)
    await eve.catch(job, animal["id"])
    tree = await tree_of(ask, eve, "mode=personal")
    ranks = [node["rank"] for node in tree["nodes"] if node["type"] == "taxonomic"]
    assert ranks == [rank for rank in RANKS if (await _ranks(ask, eve, animal))[rank]]
    transitions = [edge["rank_transition"] for edge in tree["edges"]]
    assert "phylum_to_family" in transitions
    assert len(tree["edges"]) == len(ranks) + 1


async def test_homonyms_are_two_nodes(ask: Ask, new_player: NewPlayer) -> None:
    """One genus name under two families: the ids are made distinct, and each keeps its own animal."""
    eve = await new_player("eve")
    job, genus = await looked_at(ask, eve), unheard_name().split()[1].capitalize()
    for epithet, family in (("alpha", "Testidae"), ("beta", "Probidae")):
        animal = await animal_named(ask, eve, f"{genus} {epithet}", family=family)
        await eve.catch(job, animal["id"])
    tree = await tree_of(ask, eve, "mode=personal")
    genera = [node for node in tree["nodes"] if node.get("rank") == "genus"]
    assert [node["name"] for node in genera] == [genus, genus]
    assert len({node["id"] for node in tree["nodes"]}) == len(tree["nodes"])
    assert [node["animal_count"] for node in genera] == [1, 1]
    assert set(depths_of(tree)) == {"root", *(node["id"] for node in tree["nodes"])}


async def _ranks(ask: Ask, player: Player, animal: Json) -> Json:
    return body_of(await ask(player, "GET", f"/animals/{animal['id']}/taxonomy/"))
