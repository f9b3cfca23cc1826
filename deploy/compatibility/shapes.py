"""JSON schemas with their references filled in and their prose left out, so that two can be compared. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

Schema = dict[str, Any]

PROSE: Final = frozenset({"title", "description", "example", "examples", "default", "deprecated", "discriminator"})
NAMES: Final = frozenset({"properties", "$defs", "schemas"})
"""Below these, keys are names that somebody chose: a field may well be called `title`."""


def shape_of(schema: Mapping[str, Any], definitions: Mapping[str, Any] | None = None) -> Schema:
    """The schema as one tree. `definitions` by name; of events, they lie in the schema itself.

    A thing inside itself (a branch of branches) ends at its second appearance.
    """
    known = definitions if definitions is not None else schema.get("$defs", {})
    found: Schema = _filled(schema, known, ())
    return found


def _filled(node: Any, definitions: Mapping[str, Any], inside: tuple[str, ...]) -> Any:
    if isinstance(node, list):
        return [_filled(item, definitions, inside) for item in node]
    if not isinstance(node, Mapping):
        return node
    if "$ref" in node:
        name = str(node["$ref"]).rpartition("/")[2]
        if name in inside:
            return {"again": name}
        return _filled(definitions.get(name, {}), definitions, (*inside, name))
    if len(node.get("allOf", ())) == 1:
        return _filled(node["allOf"][0], definitions, inside)
    found = {}
    for key, value in node.items():
        if key in NAMES and isinstance(value, Mapping):
            if key == "properties":
                found[key] = {name: _filled(each, definitions, inside) for name, each in value.items()}
        elif key not in PROSE:
            found[key] = _filled(value, definitions, inside)
    return found


def only(shape: Mapping[str, Any], names: Iterable[str]) -> Schema:
    """An object of which no more than these fields is sent or read.

    Raises:
        KeyError: it has no such field.
    """
    properties = {name: shape["properties"][name] for name in sorted(names)}
    return {"type": "object", "properties": properties, "required": list(properties)}


def choices(shape: Mapping[str, Any]) -> list[Schema]:
    """What a value may be: one of these."""
    for key in ("anyOf", "oneOf"):
        if key in shape:
            return [choice for each in shape[key] for choice in choices(each)]
    if isinstance(shape.get("type"), list):
        return [{**shape, "type": kind} for kind in shape["type"]]
    return [dict(shape)]


def said(shape: Mapping[str, Any]) -> str:
    """A shape in a few words."""
    if "const" in shape:
        return repr(shape["const"])
    if "enum" in shape:
        return "one of " + ", ".join(map(repr, shape["enum"]))
    kind = str(shape.get("type") or shape.get("again") or "anything")
    return f"{kind} ({shape['format']})" if "format" in shape else kind
