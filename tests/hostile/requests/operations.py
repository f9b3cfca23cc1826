"""All that the merged API document takes, so that no route with such a value is forgotten."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import httpx
import yaml

from tests.answers import Json
from tests.contract.captures import unheard_name

NOT_ASKED: Final = {("DELETE", "/users/me/"), ("DELETE", "/users/{id}/"), ("POST", "/images/convert/")}
"""The first two end the test; pictures have tests of their own."""
ROOT: Final = "/api/v1"


@dataclass(frozen=True)
class Operation:
    """A route: where it is, and what its query, its path and its body may hold (field → kinds in JSON)."""

    method: str
    path: str
    queries: tuple[str, ...]
    ids: tuple[str, ...]
    fields: dict[str, frozenset[str]]

    def at(self, ids: Json) -> str:
        return self.path.format(**ids)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def all_operations(url: str) -> list[Operation]:
    """Those under `/api/v1/`, as the gateway describes them."""
    document = yaml.safe_load(httpx.get(f"{url}/api/schema/").text)
    found = list(_operations(document))
    assert len(found) > 70
    return found


def _operations(document: Json) -> Iterator[Operation]:
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            if not path.startswith(f"{ROOT}/") or (method.upper(), path.removeprefix(ROOT)) in NOT_ASKED:
                continue
            parameters = told.get("parameters", ())
            yield Operation(
                method.upper(),
                path.removeprefix(ROOT),
                tuple(each["name"] for each in parameters if each["in"] == "query"),
                tuple(each["name"] for each in parameters if each["in"] == "path"),
                _fields(document, told.get("requestBody")),
            )


def _fields(document: Json, body: Json | None) -> dict[str, frozenset[str]]:
    if body is None:
        return {}
    schema = _resolved(document, next(iter(body["content"].values()))["schema"])
    return {name: frozenset(_kinds(document, each)) for name, each in schema.get("properties", {}).items()}


def _kinds(document: Json, schema: Json) -> Iterator[str]:
    schema = _resolved(document, schema)
    if "anyOf" in schema:
        for each in schema["anyOf"]:
            yield from _kinds(document, each)
    else:
        yield "file" if schema.get("format") == "binary" else schema.get("type", "any")


def _resolved(document: Json, schema: Json) -> Json:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def good_values(ids: Json) -> Json:
    """A value for every field that is fine, so that one bad one is all that is wrong with a body."""
    return {
        "scientific_name": unheard_name(),
        "common_name": "Owl",
        "animal": ids["animal_id"],
        "source_vision_job": ids["job_id"],
        "conservation_status": "LC",
        "username": "nobody-is-called-this",
        "email": "nobody@example.com",
        "password": "four brown owls",
        "password_confirm": "four brown owls",
        "refresh": "not.a.token",
        "friend_code": "AAAAAAAA",
        "conversion_id": ids["conversion_id"],
        "action": "accept",
        "scope": "user",
        "visibility": "private",
        "location_precision": "coarse",
        "location_lat": 1.5,
        "location_lon": 1.5,
    }


def body_with(operation: Operation, ids: Json, **changed: Any) -> Json:
    """A body of this operation in which all is well but what is changed."""
    good = {name: value for name, value in good_values(ids).items() if name in operation.fields}
    return good | changed
