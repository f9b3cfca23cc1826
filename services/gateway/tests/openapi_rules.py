"""What makes an OpenAPI 3.1 document valid and complete, as far as ours use the format."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
PLACES = {"path", "query", "header", "cookie"}


def broken_rules(document: dict[str, Any]) -> list[str]:
    """Every rule that the document breaks, in words; empty for a good one."""
    broken = list(_frame(document))
    declared_tags = {tag["name"] for tag in document.get("tags", ())}
    ids: Counter[str] = Counter()
    for path, operations in document["paths"].items():
        if not path.startswith("/"):
            broken.append(f"{path} does not begin with a slash")
        for method, operation in operations.items():
            where = f"{method} {path}"
            if method not in METHODS:
                broken.append(f"{where}: no method")
                continue
            ids[operation.get("operationId", where)] += 1
            broken += [f"{where}: {rule}" for rule in _operation(path, operation, document)]
            broken += [f"{where}: tag {tag} is not declared" for tag in operation["tags"] if tag not in declared_tags]
    broken += [f"operation id {name} is there {count} times" for name, count in ids.items() if count > 1]
    broken += [f"{reference} leads nowhere" for reference in references(document) if not _leads(document, reference)]
    return broken


def failures_without_example(document: dict[str, Any]) -> list[str]:
    """The 4xx answers that have no example in the contract's shape: an object with a string `detail`."""
    return [
        f"{method} {path} {status}"
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        for status, answer in operation["responses"].items()
        if status.startswith("4") and not _examples_are_good(answer)
    ]


def references(node: Any) -> Iterator[str]:
    """All `$ref`s of a document."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref" and isinstance(value, str):
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for item in node:
            yield from references(item)


def _frame(document: dict[str, Any]) -> Iterator[str]:
    if not re.fullmatch(r"3\.1\.\d+", document.get("openapi", "")):
        yield "openapi is not 3.1"
    for name in ("title", "version"):
        if not isinstance(document.get("info", {}).get(name), str):
            yield f"info has no {name}"
    for server in document.get("servers", ()):
        if not isinstance(server.get("url"), str):
            yield "a server has no url"
    for name in document.get("components", {}).get("schemas", {}):
        if not re.fullmatch(r"[a-zA-Z0-9._-]+", name):
            yield f"{name} is no name for a schema"


def _operation(path: str, operation: dict[str, Any], document: dict[str, Any]) -> Iterator[str]:
    parameters = operation.get("parameters", [])
    places = [(parameter["name"], parameter["in"]) for parameter in parameters]
    if len(set(places)) != len(places):
        yield "a parameter is there twice"
    if {place for _, place in places} - PLACES:
        yield "a parameter is nowhere"
    if {name for name, place in places if place == "path"} != set(re.findall(r"\{(\w+)\}", path)):
        yield "path and parameters do not fit"
    if any(parameter["in"] == "path" and parameter.get("required") is not True for parameter in parameters):
        yield "a path parameter is not required"
    if any(len({"schema", "content"} & set(parameter)) != 1 for parameter in parameters):
        yield "a parameter has no schema"
    if not operation.get("responses"):
        yield "no responses"
    for status, answer in operation.get("responses", {}).items():
        if not re.fullmatch(r"[1-5](\d\d|XX)|default", status):
            yield f"{status} is no status"
        if not isinstance(answer.get("description"), str):
            yield f"{status} has no description"
        for media in answer.get("content", {}).values():
            if {"example", "examples"} <= set(media):
                yield f"{status} has an example and examples"
    if "content" not in operation.get("requestBody", {"content": {}}):
        yield "a body without content"
    schemes = document.get("components", {}).get("securitySchemes", {})
    for wanted in operation.get("security", ()):
        if set(wanted) - set(schemes):
            yield "an unknown security scheme"


def _examples_are_good(answer: dict[str, Any]) -> bool:
    media = answer.get("content", {}).get("application/json", {})
    examples = (
        [media["example"]] if "example" in media else [each["value"] for each in media.get("examples", {}).values()]
    )
    return bool(examples) and all(
        isinstance(example, dict) and isinstance(example.get("detail"), str) for example in examples
    )


def _leads(document: dict[str, Any], reference: str) -> bool:
    node: Any = document
    for word in reference.removeprefix("#/").split("/"):
        if not isinstance(node, dict) or word not in node:
            return False
        node = node[word]
    return reference.startswith("#/")
