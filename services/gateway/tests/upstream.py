"""A small service of our own behind the gateway: it says what it was asked, and misbehaves on demand."""

import asyncio
import hashlib
import socket
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import orjson
import uvicorn

from libs.common.sockets import GuardedProtocol

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20
ENTRIES = orjson.dumps(
    {"count": 50, "results": [{"animal_name": "Gray Wolf", "note": "🐺", "index": n} for n in range(50)]}
)


@dataclass
class Asked:
    """One request as the service saw it."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    size: int
    sha256: str


@dataclass
class Upstream:
    """Plays any of the services."""

    jwks: dict[str, Any]
    asked: deque[Asked] = field(default_factory=lambda: deque(maxlen=50))
    ready: bool = True
    metrics: str = ""
    openapi: dict[str, Any] = field(default_factory=dict)
    may_finish: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path, method = scope["path"], scope["method"]
        if path == "/ready/":
            checks = {"nats": True, "database": self.ready}
            body = {"status": "ready" if self.ready else "not_ready", "checks": checks}
            return await answer(send, body, 200 if self.ready else 503)
        if path == "/.well-known/jwks.json":
            return await answer(send, self.jwks)
        if path == "/metrics/":
            return await answer_bytes(send, self.metrics.encode(), "text/plain; version=0.0.4")
        if path == "/openapi.json":
            return await answer(send, self.openapi)
        size, digest = await read_all(receive)
        headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
        asked = Asked(method, path, scope["query_string"].decode(), headers, size, digest)
        self.asked.append(asked)
        for prefix, behave in self.behaviors().items():
            if prefix in path:
                return await behave(send, asked)
        return await answer(send, asked.__dict__, **{"x-route": "/api/v1/users/{user_id}/"})

    def behaviors(self) -> dict[str, Callable[[Any, Asked], Awaitable[None]]]:
        return {
            "/hanging/": self.hang,
            "/waiting/": self.wait,
            "/crashing/": crash,
            "/teapot/": teapot,
            "/entries/my_entries/": lambda send, _: answer_bytes(send, ENTRIES, "application/json", etag='"v7"'),
            "/download/": lambda send, _: answer_bytes(send, PNG, "image/png"),
            "/endless/": endless,
            "/half/": half,
            "/written/": lambda send, asked: answer(
                send, {}, 201, **{"x-consistency-token": asked.query, "x-consistency": "stale"}
            ),
            "/options/": lambda send, _: answer(send, {"detail": "no"}, 405, allow="GET, POST"),
            "/missing/": lambda send, _: answer(send, {"detail": "Not found."}, 404, **{"x-route": "unmatched"}),
        }

    async def hang(self, send: Any, _: Asked) -> None:
        await asyncio.Event().wait()

    async def wait(self, send: Any, _: Asked) -> None:
        await self.may_finish.wait()
        await answer(send, {})


async def crash(send: Any, _: Asked) -> None:
    raise RuntimeError("a bug of this service")


async def teapot(send: Any, _: Asked) -> None:
    await answer_bytes(send, b"<html>short and stout at /srv/app.py</html>", "text/html", 503)


async def endless(send: Any, asked: Asked) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"image/png")]})
    for _ in range(100):
        await send({"type": "http.response.body", "body": bytes(65536), "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def half(send: Any, asked: Asked) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"200000")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": bytes(100000), "more_body": True})
    raise RuntimeError("half an answer is out")


async def answer(send: Any, content: Any, status: int = 200, **headers: str) -> None:
    await answer_bytes(send, orjson.dumps(content), "application/json", status, **headers)


async def answer_bytes(send: Any, body: bytes, content_type: str, status: int = 200, **headers: str) -> None:
    everything = {"content-type": content_type, "content-length": str(len(body)), **headers}
    encoded = [(name.encode(), value.encode()) for name, value in everything.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})


async def read_all(receive: Any) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    while True:
        message = await receive()
        digest.update(message.get("body", b""))
        size += len(message.get("body", b""))
        if not message.get("more_body"):
            return size, digest.hexdigest()


class Server(uvicorn.Server):
    """Leaves the test runner's signals alone."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[str]:
    """Serves an ASGI application on a free loopback port; yields its address."""
    listening = listener()
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        http=GuardedProtocol,
        ws="none",
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    server = Server(config)
    task = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started:
        if task.done():
            task.result()
        await asyncio.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        with suppress(asyncio.CancelledError):
            await task


def listener() -> socket.socket:
    """A socket on a free port below the range that outgoing connections use."""
    for port in range(21000, 32000):
        found = socket.socket()
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind(("127.0.0.1", port))
        except OSError:
            found.close()
            continue
        found.listen(128)
        return found
    raise OSError("no free port")
