"""The world in squares: which chunk a node is in, and which chunks an edge touches (contract B10, R2)."""

from collections import Counter
from fractions import Fraction
from itertools import pairwise
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.graph.chunks import CHUNK_SIZE, Chunk, chunk_metadata, chunk_of, spans, touches, world_bounds
from services.graph.layout import Point

# Whole eighths of a chunk are exact in floating point, and often lie on borders.
coordinates = st.integers(-40, 40).map(lambda eighths: eighths * CHUNK_SIZE / 8)
points = st.tuples(coordinates, coordinates)


@pytest.mark.parametrize(
    ("point", "chunk"),
    [((0, 0), (0, 0)), ((2047.9, 150), (0, 0)), ((2048, 2048), (1, 1)), ((-0.5, 0), (-1, 0)), ((-2049, -1), (-2, -1))],
)
def test_a_point_lies_in_one_chunk(point: Point, chunk: Chunk) -> None:
    assert chunk_of(point) == chunk


def test_bounds_hold_the_root_and_a_margin() -> None:
    assert world_bounds([]) == [-204.8, -204.8, 204.8, 204.8]
    assert world_bounds([(100, 150), (50, 300)]) == [-204.8, -204.8, 304.8, 504.8]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (((0, 0), (100, 150)), [(0, 0, 0)]),
        (((-100, 0), (5000, 150)), [(0, -1, 2)]),
        (((2048, 0), (2048, 150)), [(0, 1, 1)]),
        (((1000, 2000), (1000, 2100)), [(0, 0, 0), (1, 0, 0)]),
        # Through the corner itself: down to the right it passes from square to square, no other is touched.
        (((1024, 1024), (3072, 3072)), [(0, 0, 0), (1, 1, 1)]),
        (((3072, 1024), (1024, 3072)), [(0, 1, 1), (1, 0, 1)]),
    ],
)
def test_a_line_touches_the_chunks_on_its_way(line: tuple[Point, Point], found: list[tuple[int, int, int]]) -> None:
    assert list(spans(*line)) == found
    assert list(spans(*reversed(line))) == found


@given(points, points)
def test_a_line_touches_exactly_the_chunks_of_its_points(start: Point, end: Point) -> None:
    found = {(column, row) for row, first, last in spans(start, end) for column in range(first, last + 1)}

    assert found == chunks_by_cutting(start, end)
    assert all(touches(start, end, chunk) for chunk in found)
    assert not touches(start, end, (min(found)[0] - 1, min(found)[1]))


def chunks_by_cutting(start: Point, end: Point) -> set[Chunk]:
    """The slow and certain way: cut the line at every border, look at the cuts and between them, in exact fractions."""
    (x0, y0), (x1, y1) = ((Fraction(x) / CHUNK_SIZE, Fraction(y) / CHUNK_SIZE) for x, y in (start, end))
    cuts = {Fraction(0), Fraction(1)}
    for low, high in ((x0, x1), (y0, y1)):
        if low != high:
            cuts |= {(border - low) / (high - low) for border in range(-6, 7)}
    inside = sorted(cut for cut in cuts if 0 <= cut <= 1)
    inside += [(one + other) / 2 for one, other in pairwise(inside)]
    return {(floor(x0 + (x1 - x0) * at), floor(y0 + (y1 - y0) * at)) for at in inside}


@given(st.lists(points, max_size=8), st.lists(st.tuples(points, points), max_size=8))
def test_metadata_counts_what_each_chunk_holds(nodes: list[Point], lines: list[tuple[Point, Point]]) -> None:
    metadata = chunk_metadata(nodes, lines, world_bounds(nodes))

    held = {(chunk["chunk_x"], chunk["chunk_y"]): chunk for chunk in metadata["chunks"]}
    edges = Counter(chunk for line in lines for chunk in chunks_by_cutting(*line))
    assert {chunk: counts["node_count"] for chunk, counts in held.items() if counts["node_count"]} == Counter(
        map(chunk_of, nodes)
    )
    assert {chunk: counts["edge_count"] for chunk, counts in held.items() if counts["edge_count"]} == edges
    assert metadata["total_chunks"] == len(metadata["chunks"]) == len(held)


def test_a_line_across_a_thousand_chunks_is_counted_in_each() -> None:
    far = 1000 * CHUNK_SIZE - 1.0

    chunks = chunk_metadata([(far, 150)], [((0, 0), (far, 150))], [])["chunks"]

    assert [chunk["chunk_x"] for chunk in chunks] == list(range(1000))
    assert {chunk["edge_count"] for chunk in chunks} == {1}
    assert chunks[2]["world_bounds"] == {"min_x": 4096, "min_y": 0, "max_x": 6144, "max_y": 2048}
