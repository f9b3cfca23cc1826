"""A connection to a server that can be cut and held up, as networks do."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

from services.gateway.tests.upstream import listener


class Wire:
    """Passes bytes on in both directions; `url` stands for the address given."""

    def __init__(self, url: str) -> None:
        self._there = urlsplit(url)
        self._socket = listener()
        self.url = url.replace(f":{self._there.port}", f":{self._socket.getsockname()[1]}")
        self._flows = asyncio.Event()
        self._flows.set()
        self._is_whole = True
        self._writers: set[asyncio.StreamWriter] = set()

    def hold(self) -> None:
        """Nothing passes any more, and nobody is told."""
        self._flows.clear()

    def release(self) -> None:
        self._flows.set()

    def cut(self) -> None:
        """Ends all connections, and lets no new one through."""
        self._is_whole = False
        for writer in self._writers:
            writer.close()

    def mend(self) -> None:
        self._is_whole = True

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._is_whole:
            writer.close()
            return
        from_server, to_server = await asyncio.open_connection(self._there.hostname, self._there.port)
        self._writers |= {writer, to_server}
        await asyncio.gather(self._pass_on(reader, to_server), self._pass_on(from_server, writer))

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while chunk := await reader.read(65536):
                await self._flows.wait()
                writer.write(chunk)
                await writer.drain()
        writer.close()

    @asynccontextmanager
    async def laid(self) -> AsyncIterator["Wire"]:
        server = await asyncio.start_server(self._connect, sock=self._socket)
        try:
            yield self
        finally:
            self.release()
            self.cut()
            server.close()
