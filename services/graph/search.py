"""Finding animals in a drawing by a part of their name (contract R3)."""

import orjson

from libs.common.errors import Refusal
from services.graph.caught import GENUS, SPECIES, CaughtAnimal
from services.graph.drawing import Drawing
from services.graph.schemas import Found, SearchAnswer
from services.graph.scope import Scope

MOST_RESULTS = 500


class QueryRequired(Refusal):
    sentence = "Query parameter required"


class BadLimit(Refusal):
    sentence = "limit must be a positive integer"


def query_of(q: str) -> str:
    """The text to look for, trimmed.

    Raises:
        QueryRequired: nothing is left of it.
    """
    query = q.strip()
    if not query:
        raise QueryRequired
    return query


def limit_of(limit: str) -> int:
    """How many results are wanted, at most `MOST_RESULTS`.

    Raises:
        BadLimit: not a positive whole number.
    """
    digits = limit.strip().removesuffix(".0")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 15 and int(digits) > 0):
        raise BadLimit
    return min(int(digits), MOST_RESULTS)


def search_bytes(drawing: Drawing, query: str, limit: int, scope: Scope) -> bytes:
    """The answer as JSON."""
    return orjson.dumps(search_answer(drawing, query, limit, scope))


def search_answer(drawing: Drawing, query: str, limit: int, scope: Scope) -> SearchAnswer:
    """Animals with the query in scientific name, common name, genus or species, in any case, by creation_index."""
    wanted = query.casefold()
    results: list[Found] = []
    for node, point in zip(drawing.tree, drawing.points, strict=True):
        animal = node.animal
        if animal is None or not _contains(animal, wanted):
            continue
        results.append(
            {
                "id": node.id,
                "scientific_name": animal.scientific_name,
                "common_name": animal.common_name,
                "position": [*point],
                "taxonomy_path": "/".join(value for value in animal.lineage if value),
            }
        )
        if len(results) == limit:
            break
    return {"query": query, "mode": scope.mode, "count": len(results), "results": results}


def _contains(animal: CaughtAnimal, wanted: str) -> bool:
    names = (animal.scientific_name, animal.common_name, animal.lineage[GENUS], animal.lineage[SPECIES])
    return any(wanted in name.casefold() for name in names)
