"""Errors that nobody expected reach Sentry where it is configured, without anything private."""

import asyncio
import gzip
import sys
from collections.abc import AsyncIterator

import brotli
import pytest

from libs.common import telemetry

UNPACK = {b"": bytes, b"gzip": gzip.decompress, b"br": brotli.decompress}
"""By the content encoding; the client takes what is installed."""


class Reports:
    """A server that keeps what is posted to it, as a Sentry would."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.came = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        body = await reader.readexactly(length)
        packed = head.partition(b"content-encoding: ")[2].partition(b"\r\n")[0]
        self.bodies.append(UNPACK[packed](body))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        await writer.drain()
        writer.close()
        self.came.set()


@pytest.fixture
async def reports() -> AsyncIterator[tuple[Reports, int]]:
    found = Reports()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    yield found, server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()


async def test_an_error_is_reported_without_local_variables(reports: tuple[Reports, int]) -> None:
    found, port = reports
    telemetry.configure_error_reports("scratch", "test", f"http://key@127.0.0.1:{port}/1")
    try:
        password = "a very private word"
        try:
            raise RuntimeError("nobody expected this")
        except RuntimeError as error:
            telemetry.report_error(error)
        async with asyncio.timeout(10):
            await found.came.wait()
        assert b"nobody expected this" in found.bodies[0]
        assert password.encode() not in found.bodies[0]
        assert b'"vars"' not in found.bodies[0]
    finally:
        sentry = sys.modules["sentry_sdk"]
        await asyncio.to_thread(sentry.get_client().close)
        # Not `init()`: that would hook itself into every framework it finds.
        sentry.get_global_scope().set_client(None)


async def test_without_a_dsn_nothing_is_loaded() -> None:
    telemetry.configure_error_reports("scratch", "test", "")
    telemetry.report_error(RuntimeError())
