"""A process that is asked to end loses nothing of what reaches it (H21, H24; docs/decisions/0014)."""

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[3]
CLIENTS = 24


@dataclass
class Running:
    process: asyncio.subprocess.Process
    port: int

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    def asked_to_end(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    async def ended(self) -> float:
        began = time.monotonic()
        await asyncio.wait_for(self.process.wait(), 20)
        return time.monotonic() - began


@dataclass
class Count:
    answered: int = 0
    after_the_signal: int = 0
    lost: list[str] = field(default_factory=list)


@asynccontextmanager
async def running(**settings: str) -> AsyncIterator[Running]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "libs.common.run", "libs.common.tests.counting_app:app"),
        cwd=ROOT,
        env={**os.environ, "PORT": str(port), "HOST": "127.0.0.1", **settings},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    found = Running(process, port)
    try:
        async with asyncio.timeout(30):
            while True:
                try:
                    _, writer = await found.connect()
                except OSError:
                    await asyncio.sleep(0.02)
                else:
                    writer.close()
                    break
        yield found
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def request(body: bytes, promised: int | None = None) -> bytes:
    return b"POST /x/ HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (promised or len(body)) + body


async def closed(server: Running) -> None:
    """Waits until the door is closed; knocking would take a second, because newcomers are passed over before that."""
    process = psutil.Process(server.process.pid)
    while any(connection.status == psutil.CONN_LISTEN for connection in process.net_connections("tcp")):
        await asyncio.sleep(0.01)


async def answer_of(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ", 1)[1].split(b"\r\n", 1)[0])
    return head.lower(), await reader.readexactly(length)


async def knock(server: Running, count: Count, leaving: asyncio.Event) -> None:
    """A new connection for each write, until nobody listens; whatever was let in must be answered."""
    while True:
        try:
            reader, writer = await server.connect()
        except ConnectionRefusedError:
            return
        except OSError as error:
            count.lost.append(repr(error))
            return
        try:
            writer.write(request(b"a write"))
            await answer_of(reader)
            count.answered += 1
            count.after_the_signal += leaving.is_set()
        except (OSError, EOFError) as error:
            count.lost.append(repr(error))
        finally:
            writer.close()


async def stay(server: Running, count: Count, leaving: asyncio.Event) -> None:
    """Keeps its connection for as long as the server does, and comes with a new one where that is at an end."""
    while True:
        try:
            reader, writer = await server.connect()
        except ConnectionRefusedError:
            return
        head = b""
        try:
            while b"connection: close" not in head:
                writer.write(request(b"a write"))
                head, _ = await answer_of(reader)
                count.answered += 1
                count.after_the_signal += leaving.is_set()
        except (OSError, EOFError) as error:
            count.lost.append(repr(error))
        finally:
            writer.close()


@pytest.mark.parametrize("behave", [knock, stay])
async def test_no_write_that_was_let_in_is_lost(behave: type) -> None:
    """H21: writes come from all sides while the process leaves; all that it took are answered, none is cut off."""
    count, leaving = Count(), asyncio.Event()
    async with running(DRAIN_SECONDS="1.5") as server:
        clients = [asyncio.create_task(behave(server, count, leaving)) for _ in range(CLIENTS)]  # type: ignore[operator]
        while count.answered < 200:
            await asyncio.sleep(0.01)
        server.asked_to_end()
        leaving.set()
        await asyncio.wait_for(asyncio.gather(*clients), 20)
        await server.ended()
    assert count.lost == []
    assert count.after_the_signal > 100, "it went on serving while it said that it leaves"


async def test_it_says_at_once_that_it_leaves() -> None:
    async with running(DRAIN_SECONDS="5") as server:
        reader, writer = await server.connect()
        writer.write(request(b"before"))
        head, body = await answer_of(reader)
        assert (b"connection: close" in head, body) == (False, b"6")
        server.asked_to_end()
        async with asyncio.timeout(2):
            while b"connection: close" not in head:
                writer.write(request(b"after"))
                head, body = await answer_of(reader)
        assert body == b"leaving"
        assert await reader.read() == b"", "the connection ends with that answer"
        writer.close()
        server.asked_to_end()
        assert await server.ended() < 4, "a second signal cuts the waiting short"


async def test_a_body_on_its_way_is_waited_for() -> None:
    """H24: SIGTERM in the middle of an upload."""
    async with running(DRAIN_SECONDS="0.2", GRACE_SECONDS="10") as server:
        reader, writer = await server.connect()
        writer.write(request(b"half of", promised=14))
        await writer.drain()
        server.asked_to_end()
        await closed(server)
        writer.write(b" it all")
        _, body = await answer_of(reader)
        assert body == b"leaving"
        writer.close()
        assert await server.ended() < 5


async def test_a_connection_that_has_just_been_opened_may_still_be_used() -> None:
    """It was let in before the door closed; its first request comes a moment later."""
    async with running(DRAIN_SECONDS="0.2") as server:
        reader, writer = await server.connect()
        server.asked_to_end()
        await closed(server)
        writer.write(request(b"late"))
        assert (await answer_of(reader))[1] == b"leaving"
        writer.close()
        await server.ended()


async def test_without_company_it_ends_quickly() -> None:
    """The embedded stack: nobody to hand over to, so nothing is waited for."""
    async with running() as server:
        reader, writer = await server.connect()
        writer.write(request(b"one"))
        await answer_of(reader)
        server.asked_to_end()
        assert await server.ended() < 2
        writer.close()
