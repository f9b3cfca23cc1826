"""Requests that no HTTP library would send: bytes out, and what came back."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.mesh import Mesh

PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class Raw:
    """All that came back on one connection until it was closed, or `count` answers were there."""

    data: bytes

    @property
    def status(self) -> int:
        """Of the first answer; 0 where there was none."""
        return int(self.data[9:12]) if self.data.startswith(b"HTTP/1.1 ") else 0

    @property
    def head(self) -> bytes:
        return self.data.partition(b"\r\n\r\n")[0].lower()

    @property
    def json(self) -> Any:
        return json.loads(self.data.partition(b"\r\n\r\n")[2])

    @property
    def count(self) -> int:
        return self.data.count(b"HTTP/1.1 ")


def port_of(url: str) -> int:
    return urlsplit(url).port or 80


async def connect(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port_of(url))


async def exchange(mesh: Mesh | str, request: bytes, patience: float = PATIENCE_SECONDS) -> Raw:
    """Sends bytes and reads until the gateway closes the connection."""
    reader, writer = await connect(mesh if isinstance(mesh, str) else mesh.url)
    try:
        writer.write(request)
        return Raw(await asyncio.wait_for(reader.read(), patience))
    finally:
        writer.close()
