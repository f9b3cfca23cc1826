"""One square of a drawing: its nodes, and the edges that cross it (contract R2)."""

import re

import orjson

from libs.common.errors import NotFound
from services.graph.chunks import Chunk, chunk_of, touches
from services.graph.drawing import Drawing
from services.graph.node_answers import edge_shown, node_shown
from services.graph.schemas import ChunkAnswer
from services.graph.scope import Scope

WHOLE_NUMBER = re.compile(r"-?[0-9]{1,15}")


def chunk_named(x: str, y: str) -> Chunk:
    """The chunk of a path; negative ones too.

    Raises:
        NotFound: a part is no whole number.
    """
    if not (WHOLE_NUMBER.fullmatch(x) and WHOLE_NUMBER.fullmatch(y)):
        raise NotFound
    return int(x), int(y)


def chunk_bytes(drawing: Drawing, chunk: Chunk, scope: Scope) -> bytes:
    """The answer as JSON; empty lists where nothing is."""
    return orjson.dumps(chunk_answer(drawing, chunk, scope))


def chunk_answer(drawing: Drawing, chunk: Chunk, scope: Scope) -> ChunkAnswer:
    """What R1's chunk metadata counts for this chunk, in full."""
    tree, points = drawing.tree, drawing.points
    nodes = [
        node_shown(node, point, scope)
        for node, point in zip(tree[1:], points[1:], strict=True)
        if chunk_of(point) == chunk
    ]
    edges = [
        edge_shown(tree[node.parent], node)
        for node, point in zip(tree, points, strict=True)
        if node.parent > 0 and touches(points[node.parent], point, chunk)
    ]
    return {
        "chunk_x": chunk[0],
        "chunk_y": chunk[1],
        "nodes": nodes,
        "edges": edges,
        "node_count": len(nodes),
        "edge_count": len(edges),
    }
