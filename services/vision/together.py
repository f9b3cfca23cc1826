"""Requests of one process that want the same at the same time: one does it for all, or one comes after another."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

Result = TypeVar("Result")


class Once(Generic[Result]):
    """The same question, asked by several at once, is answered once; nothing is remembered afterwards."""

    def __init__(self) -> None:
        self._asked: dict[Hashable, asyncio.Future[Result]] = {}

    async def ask(self, key: Hashable, answer: Callable[[], Awaitable[Result]]) -> Result:
        """What `answer` gives or raises; of several with the same key at the same time only the first is called."""
        asked = self._asked.get(key)
        if asked is None:
            asked = self._asked[key] = asyncio.ensure_future(answer())
            asked.add_done_callback(lambda done: self._forget(key, done))
        # Whoever gives up takes nothing from the others.
        return await asyncio.shield(asked)

    def _forget(self, key: Hashable, done: "asyncio.Future[Result]") -> None:
        del self._asked[key]
        if not done.cancelled():
            done.exception()  # Seen, even if everybody has given up.


class Turns:
    """One at a time for each key. They wait here, and not with a connection of the database in hand."""

    def __init__(self) -> None:
        self._locks: dict[Hashable, asyncio.Lock] = {}
        self._waiting: dict[Hashable, int] = {}

    @asynccontextmanager
    async def take(self, key: Hashable) -> AsyncIterator[None]:
        """`async with turns.take(key):` – alone among those of this process that say the same key."""
        lock = self._locks.setdefault(key, asyncio.Lock())
        self._waiting[key] = self._waiting.get(key, 0) + 1
        try:
            async with lock:
                yield
        finally:
            self._waiting[key] -= 1
            if not self._waiting[key]:
                del self._waiting[key], self._locks[key]
