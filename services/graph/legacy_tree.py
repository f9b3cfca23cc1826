"""The older tree: animals linked by family, without a drawing (contract R6)."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations

import orjson

from services.graph.caught import RANKS, CaughtAnimal
from services.graph.node_answers import discoverer_shown, taxonomy_shown
from services.graph.schemas import FamilyEdge, LegacyNode, LegacyTree
from services.graph.scope import Scope

LARGEST_FULLY_LINKED = 50
"""Above this many animals a family's pairs would be too many: each is linked to the first only."""
KINGDOM, PHYLUM, FAMILY = RANKS.index("kingdom"), RANKS.index("phylum"), RANKS.index("family")


def legacy_bytes(animals: Sequence[CaughtAnimal], scope: Scope) -> bytes:
    """The whole answer as JSON."""
    return orjson.dumps(legacy_tree(animals, scope))


def legacy_tree(animals: Sequence[CaughtAnimal], scope: Scope) -> LegacyTree:
    """Animals by creation_index, the edges within families, and figures."""
    edges = list(_family_edges(animals))
    return {
        "nodes": [_node(animal, scope) for animal in animals],
        "edges": edges,
        "stats": {
            "total_animals": len(animals),
            "user_captures": sum(animal.own_captures for animal in animals),
            "user_unique_species": sum(1 for animal in animals if animal.own_captures),
            "friend_captures": sum(animal.friend_captures for animal in animals),
            "friend_count": len(scope.friends),
            "taxonomic_diversity": {
                "kingdoms": _different(animals, KINGDOM),
                "phylums": _different(animals, PHYLUM),
                "families": _different(animals, FAMILY),
            },
        },
        "metadata": {
            "user_id": str(scope.viewer),
            "username": scope.username,
            "total_nodes": len(animals),
            "total_edges": len(edges),
        },
    }


def _family_edges(animals: Sequence[CaughtAnimal]) -> Iterator[FamilyEdge]:
    families: defaultdict[str, list[str]] = defaultdict(list)
    for animal in animals:
        if family := animal.lineage[FAMILY]:
            families[family].append(str(animal.id))
    for family, members in families.items():
        if len(members) <= LARGEST_FULLY_LINKED:
            pairs: Iterator[tuple[str, str]] = combinations(members, 2)
        else:
            pairs = ((members[0], member) for member in members[1:])
        for source, target in pairs:
            yield {"source": source, "target": target, "relationship": "same_family", "family": family}


def _different(animals: Sequence[CaughtAnimal], rank: int) -> int:
    return len({animal.lineage[rank] for animal in animals} - {""})


def _node(animal: CaughtAnimal, scope: Scope) -> LegacyNode:
    return {
        "id": str(animal.id),
        "scientific_name": animal.scientific_name,
        "common_name": animal.common_name,
        "creation_index": animal.creation_index,
        "taxonomy": taxonomy_shown(animal),
        "conservation_status": animal.conservation_status,
        "verified": animal.verified,
        "captured_by_user": animal.own_captures > 0,
        "capture_count": animal.captures,
        "discoverer": discoverer_shown(animal, scope),
    }
