"""A local HTTP server in the place of the users service: it answers what a test has put there, and notes questions."""

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
class Neighbor:
    """`answers` by path: a body, or (status, body, headers); every other path is 404."""

    url: str
    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def answer(self, request: Request) -> JSONResponse:
        self.asked.append(request.url.path)
        found = self.answers.get(request.url.path, (404, {"detail": "Not found."}, {}))
        status, body, headers = found if isinstance(found, tuple) else (200, found, {})
        return JSONResponse(body, status, headers)


@asynccontextmanager
async def listening() -> AsyncIterator[Neighbor]:
    [port] = free_ports(1)
    neighbor = Neighbor(f"http://127.0.0.1:{port}")
    app = Starlette(routes=[Route("/{path:path}", neighbor.answer)])
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield neighbor
    server.should_exit = True
    await serving
