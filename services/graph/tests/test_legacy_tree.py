"""The older tree's edges: pairs within a family, as long as it is not too large (contract R6)."""

from uuid import UUID

import pytest

from services.graph.legacy_tree import legacy_tree
from services.graph.scope import Scope
from services.graph.tests.story import caught

ME = UUID(int=99)
SCOPE = Scope("friends", ME, "me", {}, frozenset({ME}), "key")


def family(name: str, size: int, first: int = 1) -> list:
    return [caught(("Animalia", "", "", "", name, "G", f"s{n}"), first + n) for n in range(size)]


@pytest.mark.parametrize(("size", "edges"), [(0, 0), (1, 0), (2, 1), (50, 1225), (51, 50)])
def test_large_families_are_linked_to_their_first(size: int, edges: int) -> None:
    tree = legacy_tree(family("Canidae", size), SCOPE)

    assert len(tree["edges"]) == tree["metadata"]["total_edges"] == edges
    assert len({frozenset((edge["source"], edge["target"])) for edge in tree["edges"]}) == edges
    if size == 51:
        assert {edge["source"] for edge in tree["edges"]} == {str(UUID(int=1))}


def test_animals_without_a_family_have_no_edge() -> None:
    tree = legacy_tree([*family("", 3), *family("Felidae", 2, first=10)], SCOPE)

    assert [edge["family"] for edge in tree["edges"]] == ["Felidae"]
    assert tree["stats"]["taxonomic_diversity"] == {"kingdoms": 1, "phylums": 0, "families": 1}
