"""Whoever is refused before the rest of the request has come still gets to read why (found by chaos)."""

import asyncio
import socket
import time
from typing import Any

import uvicorn

from libs.common.shedding import SheddingProtocol, refusal


class Nobody:
    """A door that is shut."""

    def answer_instead(self, scope: Any) -> bytes:
        return refusal(1)


class App:
    doorman = Nobody()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("nobody gets in")


def ask(port: int) -> bytes:
    """Sends the rest of a request when its answer has long been given, and reads to the connection's end."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 400\r\n\r\n")
        answer = connection.recv(4096)
        connection.sendall(b"x" * 200)
        time.sleep(0.02)  # A reset would be on its way back; it is what must not come, so nothing can be awaited.
        connection.sendall(b"x" * 200)
        while more := connection.recv(4096):
            answer += more
        return answer


async def test_a_refused_post_on_a_connection_of_its_own() -> None:
    """H27: 503 with `Retry-After`, never a reset connection, also for clients that do not keep theirs."""
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    config = uvicorn.Config(
        App(), http=SheddingProtocol, ws="none", lifespan="off", log_config=None, proxy_headers=False
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    answer = await asyncio.to_thread(ask, port)
    server.should_exit = True
    await serving
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"retry-after: 1" in answer
