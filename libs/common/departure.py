"""How a process leaves so that no request is lost: say so, serve on, close the door, finish (docs/decisions/0014)."""

import asyncio
import ctypes
import select
import socket
import struct
import sys
import time
from contextlib import suppress
from typing import Final

import uvicorn

from libs.common import leaving
from libs.common.logs import log

AT_A_TIME: Final = 16
LOOK_SECONDS: Final = 0.005
EMPTYING_SECONDS: Final = 1.0
ROUND_TRIP_SECONDS: Final = 0.05
"""Connections that have begun when the door is about to close are complete after this."""
SO_ATTACH_FILTER: Final = 26
DROP_SYN: Final = (
    # A socket filter sees a packet from its TCP header on: byte 13 are the flags, 2 is SYN. 0 bytes pass, or all.
    (0x30, 0, 0, 13),
    (0x45, 0, 1, 2),
    (0x06, 0, 0, 0),
    (0x06, 0, 0, 0xFFFFFFFF),
)


class DepartingServer(uvicorn.Server):
    """The server, with a way out in four steps.

    1. At SIGTERM it says that it leaves, and goes on serving for `drain_seconds`: whoever hears it goes elsewhere, and
       every answer ends its connection, so that nobody keeps one.
    2. Then it takes in whoever waits at the door, and closes it.
    3. Connections on which nothing is being answered stay a moment, should a request be on its way on one of them.
    4. What is being answered is finished.

    A second signal ends the first step at once.
    """

    def __init__(self, config: uvicorn.Config, *, drain_seconds: float) -> None:
        super().__init__(config)
        self._drain_seconds = drain_seconds
        self._closes_at: float | None = None

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        super().run(sockets or self._doors())

    async def on_tick(self, counter: int) -> bool:
        if self.should_exit and self._closes_at is None:
            self._begin_to_leave()
            counter = 0  # The headers of all answers are put together anew.
        is_over = await super().on_tick(counter)
        if not is_over or self._closes_at is None:
            return is_over
        return time.monotonic() >= self._closes_at or len(self._captured_signals) > 1

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if sockets and self._drain_seconds:
            await _let_in_who_waits(sockets[0])
        await super().shutdown(sockets)

    def _begin_to_leave(self) -> None:
        self._closes_at = time.monotonic() + self._drain_seconds
        leaving.begin()
        if self._drain_seconds:
            self.config.encoded_headers.append((b"connection", b"close"))
            log.info("leaving", seconds=self._drain_seconds)

    def _doors(self) -> list[socket.socket]:
        """The same listening socket several times over.

        The event loop takes in one connection of a socket at a time, between two rounds of everything else. When there
        is much else those rounds are long, and newcomers waited for ten seconds in a flood.
        """
        try:
            door = _bound(self.config.host, self.config.port)
            return [door, *(door.dup() for _ in range(AT_A_TIME - 1))]
        except OSError as error:
            log.error("run.no_door", host=self.config.host, port=self.config.port, error=str(error))
            sys.exit(1)


def _bound(host: str, port: int) -> socket.socket:
    """A socket that is ours, so that we can look who waits at it."""
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, address = found[0]
    door = socket.socket(family, kind, protocol)
    try:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind(address)  # Nobody is let in before the application has started: then the server listens.
    except OSError:
        door.close()
        raise
    return door


async def _let_in_who_waits(door: socket.socket) -> None:
    """Returns as soon as nobody waits to be accepted, so that closing the door throws nobody out."""
    _pass_over_newcomers(door)
    poll, until = select.poll(), time.monotonic() + EMPTYING_SECONDS
    poll.register(door, select.POLLIN)
    await asyncio.sleep(ROUND_TRIP_SECONDS)
    while poll.poll(0) and time.monotonic() < until:  # noqa: ASYNC110 - the server is who takes them in
        await asyncio.sleep(LOOK_SECONDS)


def _pass_over_newcomers(door: socket.socket) -> None:
    """Drops the first packet of connections that begin from now on: they ask again, and find the door closed.

    Without it somebody could always come in between the last look into the queue and the closing, or have half come in;
    the kernel would reset such a connection, and a write on it would be lost without a word. Only Linux has this.
    """
    if sys.platform != "linux":
        return
    program = b"".join(struct.pack("=HBBI", *instruction) for instruction in DROP_SYN)
    kept = ctypes.create_string_buffer(program)
    with suppress(OSError):
        door.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("@HP", len(DROP_SYN), ctypes.addressof(kept)))
