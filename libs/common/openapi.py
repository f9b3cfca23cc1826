"""The service's own API description; what dependencies read and demand is told as if the route did: bodies, tokens."""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from libs.common import auth
from libs.common.bodies import FORMS, JSON, BodyOf

REF: Final = "#/components/schemas/{model}"
SECURITY_SCHEMES: Final = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}

Security = list[dict[str, list[str]]]
TOKEN: Final[Security] = [{"bearer": []}]
TOKEN_OR_NONE: Final[Security] = [*TOKEN, {}]
PUBLIC: Final[Security] = []


class _WithFiles(GenerateJsonSchema):
    """An uploaded file is a string of bytes in OpenAPI."""

    def is_instance_schema(self, schema: Any) -> dict[str, Any]:
        del schema
        return {"type": "string", "format": "binary"}


def serve(app: FastAPI) -> None:
    """Adds `/openapi.json`, made once when first asked for."""
    made: dict[str, Any] = {}

    @app.get("/openapi.json", include_in_schema=False)
    async def description() -> dict[str, Any]:
        if not made:
            made.update(describe(app))
        return made


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI 3.1 document of a service, its validation answers as 400 in the contract's shape."""
    for route in app.routes:
        if isinstance(route, APIRoute) and route.include_in_schema:
            route.operation_id = _operation_id(route)
    document = get_openapi(title=app.title, version=app.version, routes=app.routes)
    components = document.setdefault("components", {}).setdefault("schemas", {})
    document["components"]["securitySchemes"] = SECURITY_SCHEMES
    for route in app.routes:
        if not isinstance(route, APIRoute) or not route.include_in_schema:
            continue
        for method in route.methods or ():
            operation = document["paths"][route.path_format][method.lower()]
            operation["responses"].pop("422", None)
            operation["security"] = _security(route.dependant)
            if model := _body_model(route.dependant):
                operation["requestBody"] = _request_body(model, components)
    for unused in ("HTTPValidationError", "ValidationError"):
        components.pop(unused, None)
    return document


def _operation_id(route: APIRoute) -> str:
    """Unique over all services, also for a path and its alias with a dash."""
    method = "_".join(sorted(route.methods or ())).lower()
    path = route.path_format.removeprefix("/api/v1").strip("/").replace("-", "__")
    return method + "_" + re.sub(r"\W+", "_", path).strip("_")


def _calls(dependant: Dependant) -> Iterator[Callable[..., Any] | None]:
    """The route's own function, and all that it depends on."""
    yield dependant.call
    for each in dependant.dependencies:
        yield from _calls(each)


def _security(dependant: Dependant) -> Security:
    """Who may call: only players, players and others with different answers, or everybody."""
    calls = set(_calls(dependant))
    if auth.player in calls:
        return TOKEN
    return TOKEN_OR_NONE if auth.maybe_player in calls else PUBLIC


def _body_model(dependant: Dependant) -> type[BaseModel] | None:
    return next((call.model for call in _calls(dependant) if isinstance(call, BodyOf)), None)


def _request_body(model: type[BaseModel], components: dict[str, Any]) -> dict[str, Any]:
    _, definitions = models_json_schema([(model, "validation")], ref_template=REF, schema_generator=_WithFiles)
    components.update(definitions.get("$defs", {}))
    schema = {"$ref": REF.format(model=model.__name__)}
    return {"required": True, "content": {kind: {"schema": schema} for kind in (JSON, *FORMS)}}
