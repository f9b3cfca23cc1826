"""The world cut into squares of 2048: which nodes and which edges each square shows (contract B10, R2)."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from math import ceil, floor

from services.graph.layout import Point
from services.graph.schemas import ChunkMetadata, ChunkSummary

CHUNK_SIZE = 2048
PADDING = 204.8

Chunk = tuple[int, int]


def chunk_of(point: Point) -> Chunk:
    """The one chunk a point lies in, (column, row); negative ones too. Its left and upper borders belong to it."""
    return floor(point[0] / CHUNK_SIZE), floor(point[1] / CHUNK_SIZE)


def world_bounds(points: Iterable[Point]) -> list[float]:
    """[min_x, min_y, max_x, max_y] of all points, the root at [0, 0] included, padded by 10 % of a chunk."""
    xs, ys = [0.0], [0.0]
    for x, y in points:
        xs.append(x)
        ys.append(y)
    return [min(xs) - PADDING, min(ys) - PADDING, max(xs) + PADDING, max(ys) + PADDING]


def spans(start: Point, end: Point) -> Iterator[tuple[int, int, int]]:
    """(row, first column, last column) of the chunks that the straight line from start to end touches."""
    (x0, y0), (x1, y1) = (start, end) if start[1] <= end[1] else (end, start)
    top, bottom = floor(y0 / CHUNK_SIZE), floor(y1 / CHUNK_SIZE)
    if top == bottom:
        # Nearly always: a tree of seven ranks is 1200 high.
        one, other = floor(x0 / CHUNK_SIZE), floor(x1 / CHUNK_SIZE)
        yield (top, one, other) if one <= other else (top, other, one)
        return
    for row in range(top, bottom + 1):
        enter = x0 if row == top else _x_at(x0, y0, x1, y1, row * CHUNK_SIZE)
        if row == bottom:
            first, last = sorted((floor(enter / CHUNK_SIZE), floor(x1 / CHUNK_SIZE)))
        else:
            # The lower border belongs to the next row: the line comes as near to this point as it likes, never there.
            leave = _x_at(x0, y0, x1, y1, (row + 1) * CHUNK_SIZE)
            if leave > enter:
                first, last = floor(enter / CHUNK_SIZE), ceil(leave / CHUNK_SIZE) - 1
            else:
                first, last = floor(leave / CHUNK_SIZE), floor(enter / CHUNK_SIZE)
        yield row, first, last


def touches(start: Point, end: Point, chunk: Chunk) -> bool:
    """Whether the straight line from start to end touches the chunk."""
    column, row = chunk
    return any(at == row and first <= column <= last for at, first, last in spans(start, end))


def chunk_metadata(points: Sequence[Point], lines: Iterable[tuple[Point, Point]], bounds: list[float]) -> ChunkMetadata:
    """What each chunk holds, by column and row, for chunks that hold anything.

    Linear in nodes, edges and chunks: a line adds one step up and one step down per row, however many chunks wide.
    """
    nodes = Counter(map(chunk_of, points))
    steps: defaultdict[int, Counter[int]] = defaultdict(Counter)
    for start, end in lines:
        for row, first, last in spans(start, end):
            steps[row][first] += 1
            steps[row][last + 1] -= 1
    edges = dict(_running_totals(steps))
    chunks = [_summary(chunk, nodes[chunk], edges.get(chunk, 0)) for chunk in sorted(nodes.keys() | edges.keys())]
    return {"chunks": chunks, "world_bounds": bounds, "chunk_size": CHUNK_SIZE, "total_chunks": len(chunks)}


def _running_totals(steps: dict[int, Counter[int]]) -> Iterator[tuple[Chunk, int]]:
    for row, changes in steps.items():
        crossing = 0
        for column, following in pairwise(sorted(changes)):
            crossing += changes[column]
            if crossing:
                for each in range(column, following):
                    yield (each, row), crossing


def _x_at(x0: float, y0: float, x1: float, y1: float, y: float) -> float:
    return x0 + (x1 - x0) * (y - y0) / (y1 - y0)


def _summary(chunk: Chunk, nodes: int, edges: int) -> ChunkSummary:
    column, row = chunk
    return {
        "chunk_x": column,
        "chunk_y": row,
        "node_count": nodes,
        "edge_count": edges,
        "world_bounds": {
            "min_x": column * CHUNK_SIZE,
            "min_y": row * CHUNK_SIZE,
            "max_x": (column + 1) * CHUNK_SIZE,
            "max_y": (row + 1) * CHUNK_SIZE,
        },
    }
