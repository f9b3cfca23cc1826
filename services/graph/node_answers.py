"""How the nodes and edges of a drawing look in an answer, to one viewer (contract R1)."""

from collections.abc import Iterator

from libs.common.values import as_offset
from services.graph.caught import RANKS, CaughtAnimal
from services.graph.drawing import Drawing
from services.graph.layout import Point
from services.graph.schemas import AnimalNode, CaptorShown, DiscovererShown, Edge, TaxNode, Taxonomy
from services.graph.scope import Scope
from services.graph.tree import Node


def node_shown(node: Node, point: Point, scope: Scope) -> TaxNode | AnimalNode:
    """One node of the answer."""
    return _taxon(node, point) if node.animal is None else _animal(node.id, node.animal, point, scope)


def edges_shown(drawing: Drawing) -> Iterator[Edge]:
    """All edges, those from the root included."""
    tree = drawing.tree
    for node in tree[1:]:
        yield edge_shown(tree[node.parent], node)


def edge_shown(parent: Node, node: Node) -> Edge:
    """The edge from a node to the one below it."""
    return {
        "source": parent.id,
        "target": node.id,
        "relationship": "parent_child",
        "rank_transition": node.rank_transition(parent),
    }


def taxonomy_shown(animal: CaughtAnimal) -> Taxonomy:
    """All ranks of an animal; empty text where nothing is known."""
    kingdom, phylum, class_name, order, family, genus, species = animal.lineage
    return {
        "kingdom": kingdom,
        "phylum": phylum,
        "class": class_name,
        "order": order,
        "family": family,
        "genus": genus,
        "species": species,
    }


def discoverer_shown(animal: CaughtAnimal, scope: Scope) -> DiscovererShown | None:
    """Who discovered the animal, and what that player is to the viewer."""
    found = animal.discoverer
    if found is None:
        return None
    return {
        "user_id": str(found.user_id),
        "username": found.username,
        "is_self": found.user_id == scope.viewer,
        "is_friend": found.user_id in scope.friends,
    }


def unique_ranks(drawing: Drawing) -> dict[str, int]:
    """How many nodes of each rank the tree has, homonyms counted apart."""
    counts = dict.fromkeys(RANKS, 0)
    for node in drawing.tree:
        if node.rank in counts:
            counts[node.rank] += 1
    return counts


def _taxon(node: Node, point: Point) -> TaxNode:
    return {
        "id": node.id,
        "type": "taxonomic",
        "node_type": "taxonomic",
        "rank": node.rank,
        "name": node.name,
        "scientific_name": node.scientific_name,
        "position": [*point],
        "captured_by_user": False,
        "captured_by_friends": [],
        "capture_count": 0,
        "children_count": len(node.children),
        "animal_count": node.animal_count,
    }


def _animal(node_id: str, animal: CaughtAnimal, point: Point, scope: Scope) -> AnimalNode:
    captors: list[CaptorShown] = [
        {"user_id": str(user_id), "username": username, "captured_at": as_offset(captured_at)}
        for user_id, username, captured_at in animal.captors
    ]
    return {
        "id": node_id,
        "type": "animal",
        "node_type": "animal",
        "scientific_name": animal.scientific_name,
        "common_name": animal.common_name,
        "creation_index": animal.creation_index,
        "taxonomy": taxonomy_shown(animal),
        "position": [*point],
        "captured_by_user": animal.own_captures > 0,
        "captured_by_friends": captors,
        "capture_count": animal.captures,
        "conservation_status": animal.conservation_status,
        "verified": animal.verified,
        "discoverer": discoverer_shown(animal, scope) or {},
    }
