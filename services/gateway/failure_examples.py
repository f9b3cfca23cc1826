"""What can go wrong with an operation, described with an example each, in the contract's shapes (G3). Pure."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from libs.common.errors import (
    FieldErrors,
    Forbidden,
    MethodNotAllowed,
    NotAuthenticated,
    NotFound,
    Refusal,
    Throttled,
    TooLarge,
    Unavailable,
    UnsupportedMediaType,
)
from services.gateway.body import TooSlow
from services.gateway.failures import BadAnswer, NoAnswerInTime

SCHEMA_NAME: Final = "Failure"
SCHEMA: Final[dict[str, Any]] = {
    "title": SCHEMA_NAME,
    "description": "Every failure: `detail` for people, and by its kind `error`, `code`, or messages by field.",
    "type": "object",
    "required": ["detail"],
    "properties": {"detail": {"type": "string"}, "error": {"type": "string"}, "code": {"type": "string"}},
    "additionalProperties": True,
}

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})

# What these say is their own; all others of a kind say the same.
_OWN: Final[dict[tuple[str, str], dict[str, Any]]] = {
    ("/api/v1/auth/login/", "401"): {"detail": "No active account found with the given credentials"},
    ("/api/v1/auth/refresh/", "401"): {"detail": "Token is expired", "code": "token_not_valid"},
    ("/api/v1/users/lookup_friend_code/", "404"): Refusal("No user found with this friend code").body,
    ("/api/v1/users/lookup-friend-code/", "404"): Refusal("No user found with this friend code").body,
    ("/api/v1/social/friendships/check/", "400"): Refusal("user_id parameter required").body,
    ("/api/v1/social/friendships/check/", "404"): Refusal("User not found").body,
    ("/api/v1/dex/entries/by_animal/", "400"): Refusal("animal_id parameter required").body,
    ("/api/v1/dex/entries/sync_entries/", "400"): Refusal("Invalid last_sync format. Use ISO 8601 datetime.").body,
    ("/api/v1/dex/entries/user/{user_id}/entries/", "404"): Refusal("User not found").body,
    ("/api/v1/graph/tree/search/", "400"): Refusal("Query parameter required").body,
    ("/api/v1/graph/tree/", "403"): Refusal("Admin privileges required for global view").body,
}
_MODELS: Final = (
    ("/api/v1/users/", "User"),
    ("/api/v1/animals/", "Animal"),
    ("/api/v1/images/convert/", "ImageConversion"),
    ("/api/v1/vision/jobs/", "AnalysisJob"),
    ("/api/v1/dex/entries/", "DexEntry"),
    ("/api/v1/social/friendships/", "Friendship"),
)
_RETRY_AFTER: Final = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
_CHALLENGE: Final = {"WWW-Authenticate": {"description": 'Bearer realm="api"', "schema": {"type": "string"}}}

# By status: what it means, an example, the headers that come with it.
_ALWAYS: Final[dict[str, tuple[str, dict[str, Any], dict[str, Any]]]] = {
    "403": ("Not allowed to this user", Forbidden().body, {}),
    "405": ("No such method here", MethodNotAllowed("PUT").body, {}),
    "408": ("The body came too slowly", TooSlow().body, {}),
    "409": ("Somebody else was faster", Refusal("Please try again.").body, {}),
    "410": ("It was there once", Refusal("This conversion has expired").body, {}),
    "413": ("The body is too large", TooLarge().body, {}),
    "415": ("Neither JSON nor a form", UnsupportedMediaType("text/plain").body, {}),
    "429": ("Over budget", Throttled(3600).body, _RETRY_AFTER),
    "502": ("The service's answer is no HTTP", BadAnswer().body, {}),
    "503": ("The service is away or has too much to do", Unavailable().body, _RETRY_AFTER),
    "504": ("The service did not answer in time", NoAnswerInTime().body, {}),
}
_NOT_SIGNED_IN: Final = {
    "none": NotAuthenticated().body,
    "expired": NotAuthenticated(
        "Given token not valid for any token type",
        code="token_not_valid",
        messages=[{"token_class": "AccessToken", "token_type": "access", "message": "Token is expired"}],
    ).body,
    "deleted": NotAuthenticated("User not found", code="user_not_found").body,
}


def with_failures(
    path: str, operation: Mapping[str, Any], schemas: Mapping[str, Any], *, needs_token: bool
) -> dict[str, Any]:
    """The operation's answers with every failure that it declares, and those that any like it can give.

    An example that the service gives itself is kept.
    """
    declared: dict[str, Any] = dict(operation.get("responses", {}))
    for status in _possible(path, operation, needs_token=needs_token):
        declared.setdefault(status, {})
    return {
        status: described(status, path, told, operation, schemas) if status[0] in "45" else told
        for status, told in sorted(declared.items())
    }


def _possible(path: str, operation: Mapping[str, Any], *, needs_token: bool) -> set[str]:
    parameters = operation.get("parameters", ())
    places = {parameter.get("in") for parameter in parameters}
    pages = any(parameter.get("name") == "page" for parameter in parameters)
    possible = {"401", "429", "502", "503", "504"}
    if needs_token:
        possible.add("403")
    if "path" in places or pages:
        possible.add("404")
    if "query" in places:
        possible.add("400")
    if "requestBody" in operation:
        possible |= {"400", "408", "413", "415"}
    return possible


def described(
    status: str,
    path: str,
    told: Mapping[str, Any] = _NOTHING,
    operation: Mapping[str, Any] = _NOTHING,
    schemas: Mapping[str, Any] = _NOTHING,
) -> dict[str, Any]:
    """One failure's answer: what is `told` of it already, with all that is missing."""
    meaning, examples, headers = _meaning(status, path, operation, schemas)
    content = dict(told.get("content", {}).get("application/json", {}))
    content.setdefault("schema", {"$ref": f"#/components/schemas/{SCHEMA_NAME}"})
    if not {"example", "examples"} & set(content):
        if len(examples) == 1:
            content["example"] = next(iter(examples.values()))
        else:
            content["examples"] = {name: {"value": value} for name, value in examples.items()}
    return {
        **told,
        "description": told.get("description") or meaning,
        **({"headers": headers} if headers and "headers" not in told else {}),
        "content": {**told.get("content", {}), "application/json": content},
    }


def _meaning(
    status: str, path: str, operation: Mapping[str, Any], schemas: Mapping[str, Any]
) -> tuple[str, dict[str, Any], dict[str, Any]]:
    own = _OWN.get((path, status))
    if own is not None:
        return "Refused", {"only": own}, _CHALLENGE if status == "401" else {}
    if status == "400":
        return "Something about it is wrong", {"field": _bad_request(operation, schemas)}, {}
    if status == "401":
        return "No token, or none that is good", _NOT_SIGNED_IN, _CHALLENGE
    if status == "404":
        return "Not there, or not to be seen by this user", {"missing": _missing(path, operation)}, {}
    meaning, example, headers = _ALWAYS.get(status, ("It failed", {"detail": "Internal server error."}, {}))
    return meaning, {"only": example}, headers


def _missing(path: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    if "{" not in path and any(parameter.get("name") == "page" for parameter in operation.get("parameters", ())):
        return {"detail": "Invalid page."}
    model = next((model for prefix, model in _MODELS if path.startswith(prefix)), None)
    return NotFound(model if re.search(r"\{\w*id\}", path) else None).body


def _bad_request(operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    """A field that the operation really has: the first it requires, else the first it knows."""
    schema = _body_schema(operation, schemas)
    required, known = schema.get("required", ()), list(schema.get("properties", ()))
    if required:
        return FieldErrors({required[0]: ["This field is required."]}).body
    if known:
        return FieldErrors({known[0]: ["This field may not be null."]}).body
    names = [each["name"] for each in operation.get("parameters", ()) if each.get("in") == "query"]
    chosen = next((name for name in names if name != "page"), None)
    if chosen is None:
        return {"detail": "JSON parse error - unexpected end of data"}
    return FieldErrors({chosen: ["Select a valid choice. zz is not one of the available choices."]}).body


def _body_schema(operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    content: Mapping[str, Any] = operation.get("requestBody", {}).get("content", {})
    schema: Mapping[str, Any] = next(iter(content.values()), _NOTHING).get("schema", {})
    name = schema.get("$ref", "").rpartition("/")[2]
    found: Mapping[str, Any] = schemas.get(name, schema)
    return found
