"""Prints as JSON what every service of a checkout publishes: its HTTP operations, and the events it tells and reads.

Run by path with `PYTHONPATH=<checkout>`, so that it describes any checkout, also one that is older than this file. It
imports nothing but that checkout's code and what is installed, and connects to nothing.
"""

import importlib
import json
import sys
from typing import Any

PRIVATE = "x-private"
"""Marks operations that the gateway leads nobody to."""
PUBLIC = "/.well-known/"
"""Not among what players are told of, but open to everybody."""
WHO_HAS_LEFT = ("id", "version", "is_active")
"""What every process, the gateway too, reads of all that is told of users (libs/common/revocations.py)."""


def of_everything() -> dict[str, Any]:
    """By service: `openapi`, `events`, and for the gateway `forwards`."""
    topology = importlib.import_module("deploy.local.topology")
    found: dict[str, Any] = {}
    for process in topology.MESH.processes:
        app = importlib.import_module(process.app.partition(":")[0]).app
        if process.service == "gateway":
            found["gateway"] = _of_the_gateway()
            continue
        told = found.setdefault(process.service, {"openapi": {"paths": {}}, "events": _told_by(process.service)})
        _reads(told["events"], app.state.service.handlers.all)
        if not told["openapi"]["paths"]:
            told["openapi"] = _openapi(app)
    return found


def _openapi(app: Any) -> dict[str, Any]:
    """As the service describes itself, with the paths that only other services and operators ask."""
    hidden = [route for route in app.routes if hasattr(route, "response_model") and not route.include_in_schema]
    for route in hidden:
        route.include_in_schema = True
    document: dict[str, Any] = importlib.import_module("libs.common.openapi").describe(app)
    for route in hidden:
        route.include_in_schema = False  # Those for operators are shared by all services.
        if not route.path_format.startswith(PUBLIC):
            for operation in document["paths"][route.path_format].values():
                operation[PRIVATE] = True
    return document


def _told_by(service: str) -> dict[str, Any]:
    rules = importlib.import_module("libs.common.bus_permissions")
    events = importlib.import_module("libs.contracts.catalogue").EVENTS
    own = {subject: event for subject, event in events.items() if rules.publisher_of(event) == service}
    return {
        "publishes": {subject: event.model_json_schema(mode="serialization") for subject, event in own.items()},
        "durables": {},
        "reads": {},
        "hears": {
            "users": {
                subject: _only(event.model_json_schema(mode="serialization"))
                for subject, event in events.items()
                if subject.startswith("user.")
            }
        },
    }


def _reads(events: dict[str, Any], handlers: list[Any]) -> None:
    publisher_of = importlib.import_module("libs.common.bus_permissions").publisher_of
    for handler in handlers:
        events["durables"][handler.durable] = sorted(handler.subjects)
        for event in handler.events:
            by_publisher = events["reads"].setdefault(publisher_of(event), {})
            by_publisher[event.subject] = event.model_json_schema(mode="validation")


def _only(schema: dict[str, Any]) -> dict[str, Any]:
    properties = {name: schema["properties"][name] for name in WHO_HAS_LEFT if name in schema["properties"]}
    return {"type": "object", "properties": properties, "required": list(properties)}


def _of_the_gateway() -> dict[str, Any]:
    own = importlib.import_module("services.gateway.own_paths")
    routes = importlib.import_module("services.gateway.routes")
    document = own.describe_own("BiologiDex gateway", "", "")
    document.pop("servers")
    return {
        "openapi": document,
        "events": _told_by("gateway"),
        "forwards": {route.prefix: route.service for route in routes.ROUTES},
        "knows": {"read_by_post": sorted(routes.READ_BY_POST), "uploads": sorted(routes.UPLOADS)},
    }


if __name__ == "__main__":
    answer, sys.stdout = sys.stdout, sys.stderr  # What services log as they come up does not belong into it.
    json.dump(of_everything(), answer)
