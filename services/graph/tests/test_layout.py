"""The tidy drawing: distances, centers and levels hold for every tree (contract B10)."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.graph.layout import LEVEL_HEIGHT, SIBLING_DISTANCE, Point, lay_out

Children = list[list[int]]


def tree_of(parents: list[int]) -> Children:
    children: Children = [[] for _ in range(len(parents) + 1)]
    for node, parent in enumerate(parents, start=1):
        children[parent].append(node)
    return children


@st.composite
def trees(draw: st.DrawFn) -> Children:
    """Any shape: `reach` small makes deep trees, large makes wide ones."""
    size = draw(st.integers(0, 60))
    reach = draw(st.sampled_from([1, 2, 5, 100]))
    return tree_of([draw(st.integers(max(0, node - reach), node - 1)) for node in range(1, size)])


def levels_from_left(children: Children) -> list[list[int]]:
    """The nodes of each level in the order in which a drawing without crossings shows them."""
    levels = [[0]]
    while below := [child for node in levels[-1] for child in children[node]]:
        levels.append(below)
    return levels


def test_a_lone_root_stands_at_the_origin() -> None:
    assert lay_out([[]]) == [(0, 0)]


def test_two_children_stand_left_and_right_of_the_root() -> None:
    assert lay_out([[1, 2], [], []]) == [(0, 0), (-50, 150), (50, 150)]


def test_a_wide_subtree_pushes_its_neighbor_away() -> None:
    # 0 has 1 and 2; 1 has three leaves, 2 has three.
    points = lay_out([[1, 2], [3, 4, 5], [6, 7, 8], [], [], [], [], [], []])

    assert [x for x, _ in points[3:]] == [-250, -150, -50, 50, 150, 250]
    assert (points[1][0], points[2][0]) == (-150, 150)


def test_small_subtrees_are_spread_between_large_ones() -> None:
    # Between two trees of five leaves there is room: the leaf in the middle stands in the middle.
    points = lay_out([[1, 2, 3], [4, 5, 6, 7, 8], [], [9, 10, 11, 12, 13], *[[] for _ in range(10)]])

    assert points[2][0] - points[1][0] == points[3][0] - points[2][0]


@given(trees())
def test_the_rules_hold_for_every_tree(children: Children) -> None:
    check(children, lay_out(children))


@given(trees())
def test_no_subtree_stands_farther_than_it_must(children: Children) -> None:
    points = lay_out(children)
    for below in children:
        if len(below) > 1:
            last = rows_of(children, points, below[-1:])
            before = rows_of(children, points, below[:-1])
            assert min(min(right) - max(left) for left, right in zip(before, last, strict=False)) == SIBLING_DISTANCE


def rows_of(children: Children, points: list[Point], nodes: list[int]) -> list[list[float]]:
    """The x of the nodes and of all below them, level by level."""
    rows = []
    while nodes:
        rows.append([points[node][0] for node in nodes])
        nodes = [child for node in nodes for child in children[node]]
    return rows


@pytest.mark.parametrize("shape", ["chain", "star", "sevenfold"])
def test_the_rules_hold_for_fifty_thousand_nodes(shape: str) -> None:
    parent = {"chain": lambda n: n - 1, "star": lambda n: 0, "sevenfold": lambda n: (n - 1) // 7}[shape]
    children = tree_of([parent(node) for node in range(1, 50_000)])

    check(children, lay_out(children))


def check(children: Children, points: list[Point]) -> None:
    assert points[0] == (0, 0)
    for depth, level in enumerate(levels_from_left(children)):
        assert all(points[node][1] == depth * LEVEL_HEIGHT for node in level)
        for left, right in pairwise(level):
            assert points[right][0] - points[left][0] >= SIBLING_DISTANCE
    for node, below in enumerate(children):
        if below:
            assert points[node][0] == (points[below[0]][0] + points[below[-1]][0]) / 2
