"""A TCP proxy on loopback that does to a link what networks do: delay, reset, half-close, swallow (hardening H20)."""

import asyncio
import random
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

from deploy.local.ports import free_ports

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER on, zero seconds: closing sends RST."""


@dataclass(frozen=True)
class Harm:
    """What is done to a link; nothing by default. Harm to bytes hits connections that stand already, too.

    delay, jitter     seconds that each piece of data is held back, in both directions
    bytes_per_second  what passes in each direction; 0: everything
    reset_share       the share of new connections that are reset at once
    reset_after       bytes of the answer after which a connection is reset
    half_close        after the first bytes of a question the answering side says "end" and goes on reading
    black_hole        connections are taken, and nothing passes in either direction until the harm is over
    """

    delay: float = 0.0
    jitter: float = 0.0
    bytes_per_second: int = 0
    reset_share: float = 0.0
    reset_after: int | None = None
    half_close: bool = False
    black_hole: bool = False


WELL = Harm()


class FaultProxy:
    """Stands before `127.0.0.1:upstream`. The same seed gives the same faults to the same connections.

    `port` is where it listens; `connections` are those that stand; `taken` counts all there were.
    """

    def __init__(self, upstream: int, *, seed: int = 0) -> None:
        self.port = free_ports(1)[0]
        self.taken = 0
        self._upstream = upstream
        self._chance = random.Random(seed)
        self._harm = WELL
        self._passable = asyncio.Event()
        self._passable.set()
        self._server: asyncio.Server | None = None
        self._links: set[asyncio.Task[None]] = set()

    @property
    def connections(self) -> int:
        return len(self._links)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def do(self, harm: Harm) -> None:
        """From now on the link suffers this, and no longer what it suffered before."""
        self._harm = harm
        (self._passable.clear if harm.black_hole else self._passable.set)()

    async def listen(self) -> None:
        """Takes connections (again)."""
        self._server = await asyncio.start_server(self._take, "127.0.0.1", self.port)

    async def refuse(self) -> None:
        """Nobody listens any more; connections that stand are reset."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for link in list(self._links):
            link.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)

    async def __aenter__(self) -> Self:
        await self.listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.do(WELL)
        await self.refuse()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.taken += 1
        link = asyncio.current_task()
        assert link is not None
        self._links.add(link)
        there: asyncio.StreamWriter | None = None
        try:
            if self._chance.random() < self._harm.reset_share:
                return
            await self._passable.wait()
            answers, there = await asyncio.open_connection("127.0.0.1", self._upstream)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(reader, there, is_answer=False, back=writer))
                both.create_task(self._pump(answers, writer, is_answer=True))
        except (OSError, ExceptionGroup, asyncio.CancelledError):
            return  # A link that breaks is what this is for; whoever is at its ends notices by the reset.
        finally:
            self._links.discard(link)
            for end in (writer, there):
                if end is not None:
                    _reset(end)

    async def _pump(
        self,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        *,
        is_answer: bool,
        back: asyncio.StreamWriter | None = None,
    ) -> None:
        passed = 0
        while data := await source.read(65_536):
            harm = self._harm
            if harm.delay or harm.jitter:
                await asyncio.sleep(harm.delay + self._chance.random() * harm.jitter)
            if harm.bytes_per_second:
                await asyncio.sleep(len(data) / harm.bytes_per_second)
            await self._passable.wait()
            if harm.half_close and back is not None:
                back.write_eof()
                continue
            passed += len(data)
            if is_answer and harm.reset_after is not None and passed > harm.reset_after:
                sink.write(data[: max(0, harm.reset_after - passed + len(data))])
                await sink.drain()
                raise ConnectionResetError
            sink.write(data)
            await sink.drain()
        with suppress(OSError):
            sink.write_eof()


def _reset(end: asyncio.StreamWriter) -> None:
    """Ends a connection: politely where it has ended already, by RST where it has not."""
    connection = end.get_extra_info("socket")
    if connection is not None and not end.is_closing():
        with suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    end.transport.abort()
