"""The OpenAPI description of the paths that the gateway answers itself. Pure."""

from typing import Any, Final

_JSON: Final = "application/json"

# path → method summary, content type of the 200, further statuses
_PATHS: Final[dict[str, tuple[str, str, dict[str, str]]]] = {
    "/api/v1/health/": ("How everything is; answers within a second", _JSON, {"503": "Unhealthy"}),
    "/api/v1/version/": ("Which client fits this deployment", _JSON, {}),
    "/api/docs/": ("Swagger UI", "text/html", {}),
    "/api/redoc/": ("ReDoc", "text/html", {}),
    "/api/schema/": ("This document", "application/yaml", {}),
    "/api/events/": ("The event catalogue (AsyncAPI)", "application/yaml", {}),
    "/health/": ("The gateway runs", _JSON, {}),
    "/ready/": ("Databases and cache answer", _JSON, {"503": "Not ready"}),
    "/metrics/": ("Prometheus text of all services", "text/plain", {}),
    "/media/{key}": ("A stored picture, by its unguessable name", "image/png", {"404": "No such picture"}),
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
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
        # Either a token or none: which routes are public is theirs to say.
        "security": [{"bearer": []}, {}],
    }


def _operation(path: str, summary: str, content_type: str, further: dict[str, str]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": summary,
        "tags": ["gateway"],
        "security": [],
        "operationId": "gateway_" + path.strip("/").replace("/", "_").replace("{", "").replace("}", ""),
        "responses": {
            "200": {"description": "OK", "content": {content_type: {}}},
            **{status: {"description": description} for status, description in further.items()},
        },
    }
    if "{key}" in path:
        operation["parameters"] = [{"name": "key", "in": "path", "required": True, "schema": {"type": "string"}}]
    return operation
