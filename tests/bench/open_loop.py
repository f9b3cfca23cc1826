"""Offers requests at a steady rate, whatever becomes of them, over kept connections: `python -m tests.bench.open_loop`.

Reads what to offer as JSON from stdin, and writes what came of it as JSON to stdout. It runs as a process of its own on
a core of its own, writes prepared bytes, and counts time from the moment at which a request was due: so a mesh that
makes others wait cannot look quick. What it could not send for want of connections it says.
"""

import asyncio
import json
import os
import random
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final

import uvloop

MOST_CONNECTIONS: Final = 1500
TICK_SECONDS: Final = 0.001
LAST_ANSWERS_SECONDS: Final = 10.0
HEALTH_EVERY_SECONDS: Final = 0.25


@dataclass
class Offer:
    """What came of one run; times in seconds from its beginning."""

    answers: list[tuple[float, float, int, bool]] = field(default_factory=list)
    """Due at, answered after, status, whether it says when to come again."""
    health: list[float] = field(default_factory=list)
    due: int = 0
    unsent: int = 0
    broken: int = 0


class Connection(asyncio.Protocol):
    """One kept connection with at most one request on it."""

    def __init__(self, pool: "Pool") -> None:
        self._pool = pool
        self._transport: Any = None
        self._buffer = b""
        self._due = -1.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def send(self, request: bytes, due: float) -> None:
        self._due = due
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end].lower()
        at = head.find(b"content-length: ")
        if at >= 0:
            if len(self._buffer) < end + 4 + int(head[at + 16 : at + 26].split(b"\r", 1)[0]):
                return
        elif b"chunked" in head and not self._buffer.endswith(b"0\r\n\r\n"):
            return
        self._buffer = b""
        due, self._due = self._due, -1.0
        self._pool.answered(due, int(head[9:12]), b"retry-after: " in head)
        if b"connection: close" in head:
            self._transport.close()
        else:
            self._pool.idle.append(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._pool.lost(self, is_waiting=self._due >= 0)


class Pool:
    """The connections of one run."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self.began = 0.0
        self.idle: deque[Connection] = deque()
        self.offer = Offer()
        self.going = 0
        self._open = 0
        self._opening: set[asyncio.Task[None]] = set()

    def offer_one(self, request: bytes, due: float) -> None:
        self.offer.due += 1
        if self.idle:
            self.going += 1
            self.idle.pop().send(request, due)
        elif self._open < MOST_CONNECTIONS:
            self.going += 1
            self._open += 1
            task = asyncio.ensure_future(self._connect(request, due))
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)
        else:
            self.offer.unsent += 1

    async def open_some(self, count: int) -> None:
        """Connections that are there before the first request is due, and are kept; more are opened as needed."""
        loop = asyncio.get_running_loop()
        for _ in range(count):
            _, connection = await loop.create_connection(lambda: Connection(self), self._host, self._port)
            self.idle.append(connection)
            self._open += 1

    async def _connect(self, request: bytes, due: float) -> None:
        loop = asyncio.get_running_loop()
        try:
            _, connection = await loop.create_connection(lambda: Connection(self), self._host, self._port)
        except OSError:
            self._open -= 1
            self.going -= 1
            self.offer.broken += 1
        else:
            connection.send(request, due)

    def answered(self, due: float, status: int, comes_again: bool) -> None:
        self.going -= 1
        self.offer.answers.append((due - self.began, time.perf_counter() - due, status, comes_again))

    def lost(self, connection: Connection, *, is_waiting: bool) -> None:
        self._open -= 1
        if is_waiting:
            self.going -= 1
            self.offer.broken += 1
        elif connection in self.idle:
            self.idle.remove(connection)


async def run(plan: dict[str, Any]) -> Offer:
    """Offers `rate` requests a second for `seconds`, chosen by `seed` among `requests` (latin-1 texts)."""
    pool = Pool(plan["host"], plan["port"])
    await pool.open_some(plan["connections"])
    rng, rate = random.Random(plan["seed"]), plan["rate"]
    requests = [text.encode("latin-1") for text in plan["requests"]]
    watching = asyncio.create_task(_watch_health(pool))
    pool.began = began = time.perf_counter()
    number, total = 0, int(rate * plan["seconds"])
    while number < total:
        now = time.perf_counter()
        while number < total and (due := began + number / rate) <= now:
            pool.offer_one(rng.choice(requests), due)
            number += 1
        await asyncio.sleep(TICK_SECONDS)
    watching.cancel()
    patience = time.perf_counter() + LAST_ANSWERS_SECONDS
    while pool.going and time.perf_counter() < patience:
        await asyncio.sleep(0.01)
    pool.offer.broken += pool.going
    return pool.offer


async def _watch_health(pool: Pool) -> None:
    """How long /health/ takes meanwhile, each time on a new connection."""
    while True:
        began = time.perf_counter()
        try:
            reader, writer = await asyncio.open_connection(pool._host, pool._port)
            writer.write(b"GET /health/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            await reader.read()
            writer.close()
        except OSError:
            pool.offer.broken += 1
        pool.offer.health.append(time.perf_counter() - began)
        await asyncio.sleep(HEALTH_EVERY_SECONDS)


def main() -> None:
    plan = json.load(sys.stdin)
    if plan["core"] is not None:
        os.sched_setaffinity(0, {plan["core"]})
    before = time.process_time()
    offer = uvloop.run(run(plan))
    found = {**offer.__dict__, "cpu": (time.process_time() - before) / plan["seconds"]}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
