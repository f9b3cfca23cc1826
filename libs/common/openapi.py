"""The service's own API description: bodies that a dependency reads are described like any other."""

import re
from typing import Any, Final

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from libs.common.bodies import FORMS, JSON, BodyOf

REF: Final = "#/components/schemas/{model}"


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
    for route in app.routes:
        if not isinstance(route, APIRoute) or not route.include_in_schema:
            continue
        for method in route.methods or ():
            operation = document["paths"][route.path_format][method.lower()]
            operation["responses"].pop("422", None)
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


def _body_model(dependant: Dependant) -> type[BaseModel] | None:
    if isinstance(dependant.call, BodyOf):
        return dependant.call.model
    return next((model for each in dependant.dependencies if (model := _body_model(each))), None)


def _request_body(model: type[BaseModel], components: dict[str, Any]) -> dict[str, Any]:
    _, definitions = models_json_schema([(model, "validation")], ref_template=REF, schema_generator=_WithFiles)
    components.update(definitions.get("$defs", {}))
    schema = {"$ref": REF.format(model=model.__name__)}
    return {"required": True, "content": {kind: {"schema": schema} for kind in (JSON, *FORMS)}}
