"""The OpenAPI description of the paths that the gateway answers itself. Pure."""

from typing import Any, Final

from libs.common.openapi import SECURITY_SCHEMES
from services.gateway import failure_examples

TAG: Final = "gateway"

_JSON: Final = "application/json"
_COUNTED: Final = ("401", "429")

# path → summary, content type of the 200, failures
_PATHS: Final[dict[str, tuple[str, str, tuple[str, ...]]]] = {
    "/api/v1/health/": ("How everything is; answers within a second", _JSON, ("503",)),
    "/api/v1/version/": ("Which client fits this deployment", _JSON, _COUNTED),
    "/api/docs/": ("Swagger UI", "text/html", _COUNTED),
    "/api/redoc/": ("ReDoc", "text/html", _COUNTED),
    "/api/schema/": ("This document", "application/yaml", _COUNTED),
    "/api/events/": ("The event catalogue (AsyncAPI)", "application/yaml", _COUNTED),
    "/health/": ("The gateway runs", _JSON, ()),
    "/ready/": ("Databases and cache answer", _JSON, ("503",)),
    "/metrics/": ("Prometheus text of all services", "text/plain", ("404",)),
    "/media/{key}": ("A stored picture, by its unguessable name", "image/png", ("404",)),
    "/static/{path}": ("Scripts and styles of the documentation", "application/octet-stream", ("404",)),
    "/": ("The web client; without one, a page that says what this is", "text/html", ()),
}
_PARAMETERS: Final = {"/media/{key}": "key", "/static/{path}": "path"}
_HEADERS_ASKED: Final = {"/api/v1/version/": ("X-Client-Version", "X-Client-Build")}
_NOT_WELL: Final = {
    "/api/v1/health/": {"status": "unhealthy", "checks": {"database": {"status": "unhealthy"}}},
    "/ready/": {"status": "not_ready", "error": "not ready: animals"},
}


def describe_own(title: str, version: str, server: str) -> dict[str, Any]:
    """An OpenAPI document with the gateway's own paths, and how to authenticate."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": version,
            "description": "Every answer is a JSON object; every error carries a string `detail`.",
        },
        "servers": [{"url": server}],
        "paths": {path: {"get": _operation(path, *told)} for path, told in _PATHS.items()},
        "components": {"securitySchemes": SECURITY_SCHEMES},
        "tags": [{"name": TAG, "description": "Answered by the gateway itself."}],
    }


def _operation(path: str, summary: str, content_type: str, failures: tuple[str, ...]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": summary,
        "tags": [TAG],
        "security": [],
        "operationId": "gateway_" + (path.strip("/").translate({ord("/"): "_", ord("{"): "", ord("}"): ""}) or "root"),
        "responses": {
            "200": {"description": "OK", "content": {content_type: {}}},
            **{status: _failure(path, status) for status in failures},
        },
    }
    parameters = [_parameter(name, "header") for name in _HEADERS_ASKED.get(path, ())]
    if path in _PARAMETERS:
        parameters.append(_parameter(_PARAMETERS[path], "path"))
    return {**operation, "parameters": parameters} if parameters else operation


def _failure(path: str, status: str) -> dict[str, Any]:
    if path in _NOT_WELL:
        return {"description": "Not well", "content": {_JSON: {"example": _NOT_WELL[path]}}}
    return failure_examples.described(status, path)


def _parameter(name: str, place: str) -> dict[str, Any]:
    return {"name": name, "in": place, "required": place == "path", "schema": {"type": "string"}}
