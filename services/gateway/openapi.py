"""Several OpenAPI documents made into one. Pure (contract O5)."""

from collections.abc import Mapping
from typing import Any, Final

REF: Final = "#/components/schemas/"
PRIVATE: Final = "/internal/"


def merge(documents: Mapping[str, Mapping[str, Any]], base: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with the paths and schemas of all `documents` (by service).

    Private paths are left out. A schema name that two services use for different things gets the service's name in
    front of it; the same thing under the same name is there once.
    """
    merged: dict[str, Any] = {**base, "paths": dict(base.get("paths", {})), "components": {}, "tags": []}
    components: dict[str, dict[str, Any]] = {
        kind: dict(entries) for kind, entries in base.get("components", {}).items()
    }
    schemas = components.setdefault("schemas", {})
    for service, document in documents.items():
        own = document.get("components", {})
        renamed = _names_to_change(own.get("schemas", {}), schemas, service.title())
        for name, schema in own.get("schemas", {}).items():
            schemas[renamed.get(name, name)] = _pointing_to(schema, renamed)
        for kind, entries in own.items():
            if kind != "schemas":
                components.setdefault(kind, {}).update(entries)
        for path, operations in document.get("paths", {}).items():
            if PRIVATE not in path:
                merged["paths"][path] = _tagged(_pointing_to(operations, renamed), service)
        merged["tags"].append({"name": service})
    merged["paths"] = dict(sorted(merged["paths"].items()))
    merged["components"] = components
    return merged


def _names_to_change(own: Mapping[str, Any], taken: Mapping[str, Any], prefix: str) -> dict[str, str]:
    """New names for those of `own` that stand for something else in `taken`, be it only by what they refer to."""
    renamed: dict[str, str] = {}
    while more := {
        name: prefix + name
        for name, schema in own.items()
        if name not in renamed and name in taken and taken[name] != _pointing_to(schema, renamed)
    }:
        renamed |= more
    return renamed


def _tagged(operations: Any, service: str) -> Any:
    return {
        method: {**operation, "tags": operation.get("tags") or [service]} if isinstance(operation, dict) else operation
        for method, operation in operations.items()
    }


def _pointing_to(node: Any, renamed: Mapping[str, str]) -> Any:
    """The same piece of a document with references to renamed schemas put right."""
    if not renamed:
        return node
    if isinstance(node, dict):
        return {
            key: REF + renamed.get(value.removeprefix(REF), value.removeprefix(REF))
            if key == "$ref" and isinstance(value, str) and value.startswith(REF)
            else _pointing_to(value, renamed)
            for key, value in node.items()
        }
    return [_pointing_to(item, renamed) for item in node] if isinstance(node, list) else node
