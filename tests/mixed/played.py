"""A neighbor that gives exactly the answers that a caller has published as what it reads: not one field more."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from deploy.compatibility.operations import key
from deploy.compatibility.shapes import Schema, choices
from deploy.local.ports import free_ports

BY_FORMAT = {"uuid": lambda: str(uuid4()), "date-time": lambda: "2026-11-20T09:00:00Z"}


def value_of(shape: Mapping[str, Any]) -> Any:
    """Something of this shape; where it may be null, it is not."""
    said = next((choice for choice in choices(shape) if choice.get("type") != "null"), {})
    if "enum" in said or "const" in said:
        return said["enum"][0] if "enum" in said else said["const"]
    if said.get("type") == "object":
        return {name: value_of(each) for name, each in said.get("properties", {}).items()}
    if said.get("type") == "string":
        return BY_FORMAT.get(said.get("format", ""), lambda: "koala")()
    return {"integer": 7, "number": 7.5, "boolean": True, "array": []}.get(str(said.get("type")))


@dataclass
class Neighbor:
    """`calls` by method and path without the names of its parts, `fixed` values by field, `without` one field of one
    operation; `asked` and the names of fields `sent`, in their order."""

    url: str
    calls: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    fixed: dict[str, Any] = field(default_factory=dict)
    without: tuple[str, str] | None = None
    asked: list[str] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)

    async def answer(self, request: Request) -> JSONResponse:
        words = request.url.path.strip("/").split("/")
        for name, call in self.calls.items():
            method, _, path = name.partition(" ")
            wanted = path.strip("/").split("/")
            alike = len(words) == len(wanted) and all(
                here in ("{}", there) for here, there in zip(wanted, words, strict=True)
            )
            if method == request.method and alike:
                self.asked.append(name)
                if call["sends"]:
                    async with request.form() as form:
                        self.sent += sorted(form)
                [(status, shape)] = call["reads"].items()
                return JSONResponse(self._body(name, shape), int(status))
        return JSONResponse({"detail": "Not found."}, 404)

    def _body(self, operation: str, shape: Schema | None) -> dict[str, Any]:
        body = value_of(shape or {"type": "object"}) | {
            name: value for name, value in self.fixed.items() if shape and name in shape["properties"]
        }
        return {name: value for name, value in body.items() if (operation, name) != self.without}


@asynccontextmanager
async def playing(calls: list[dict[str, Any]]) -> AsyncIterator[Neighbor]:
    """One server for all whom a service asks."""
    [port] = free_ports(1)
    neighbor = Neighbor(f"http://127.0.0.1:{port}", {key(call["operation"]): call for call in calls})
    app = Starlette(routes=[Route("/{path:path}", neighbor.answer, methods=["GET", "POST"])])
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield neighbor
    finally:
        server.should_exit = True
        await serving
