"""A local HTTP server in the place of animals, vision and users: it answers what a test has put there, and notes
who asked what."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from deploy.local.ports import free_ports


@dataclass
class Neighbors:
    """`answers` by path: a body, or (status, body); every other path is 404."""

    url: str
    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def answer(self, request: Request) -> JSONResponse:
        self.asked.append(f"{request.method} {request.url.path}")
        found = self.answers.get(request.url.path, (404, {"detail": "Not found."}))
        status, body = found if isinstance(found, tuple) else (200, found)
        return JSONResponse(body, status)


@asynccontextmanager
async def listening() -> AsyncIterator[Neighbors]:
    [port] = free_ports(1)
    neighbors = Neighbors(f"http://127.0.0.1:{port}")
    app = Starlette(routes=[Route("/{path:path}", neighbors.answer, methods=["GET", "POST"])])
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield neighbors
    server.should_exit = True
    await serving
