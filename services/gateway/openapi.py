"""Several OpenAPI documents made into one. Pure (contract O5)."""

from collections.abc import Mapping
from typing import Any, Final

from libs.common.openapi import TOKEN
from services.gateway import failure_examples

METHODS: Final = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
REF: Final = "#/components/schemas/"
PRIVATE: Final = "/internal/"


def merge(documents: Mapping[str, Mapping[str, Any]], base: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with the paths and schemas of all `documents` (by service).

    Private paths are left out; every operation is tagged by its service and has an example of each failure. A schema
    name that two services use for different things gets the service's name in front of it; the same thing under the
    same name is there once.
    """
    merged: dict[str, Any] = {**base, "paths": dict(base.get("paths", {})), "components": {}}
    merged["tags"] = list(base.get("tags", ()))
    components: dict[str, dict[str, Any]] = {
        kind: dict(entries) for kind, entries in base.get("components", {}).items()
    }
    schemas = components.setdefault("schemas", {})
    schemas[failure_examples.SCHEMA_NAME] = failure_examples.SCHEMA
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
                merged["paths"][path] = _completed(path, _pointing_to(operations, renamed), service, schemas)
        merged["tags"].append({"name": service, "description": f"Answered by the {service} service."})
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


def _completed(path: str, operations: Any, service: str, schemas: Mapping[str, Any]) -> dict[str, Any]:
    return {
        method: _operation(path, operation, service, schemas) if method in METHODS else operation
        for method, operation in operations.items()
    }


def _operation(path: str, operation: Mapping[str, Any], service: str, schemas: Mapping[str, Any]) -> dict[str, Any]:
    security = operation.get("security", TOKEN)
    needs_token = bool(security) and {} not in security
    return {
        **operation,
        "tags": [service],
        "security": security,
        "responses": failure_examples.with_failures(path, operation, schemas, needs_token=needs_token),
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
