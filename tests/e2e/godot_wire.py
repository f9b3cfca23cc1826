"""HTTP as the engine's own client speaks it: one request on one TCP connection, written out byte by byte (C2, C6)."""

import asyncio
import gzip
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

AGENT = "GodotEngine/4.5.stable.official (Linux)"
BOUNDARY = "GodotBiologiDexBoundary"


class NoHttp(AssertionError):
    """What came is not an answer."""


@dataclass(frozen=True)
class Answer:
    """A whole answer, its body unpacked where the engine would unpack it."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")


def json_body(value: Mapping[str, Any]) -> bytes:
    """As `JSON.stringify` writes: keys in order, no spaces; floats keep their point."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def multipart_body(image: bytes, fields: Mapping[str, str]) -> bytes:
    """CRLF before the first boundary; whatever the picture is, it is called `image.jpg` and `image/jpeg` (C7)."""
    start = f"\r\n--{BOUNDARY}\r\n"
    file = 'Content-Disposition: form-data; name="image"; filename="image.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
    parts = [(start + file).encode() + image]
    for name, text in fields.items():
        parts.append(f'{start}Content-Disposition: form-data; name="{name}"\r\n\r\n{text}'.encode())
    return b"".join([*parts, f"\r\n--{BOUNDARY}--\r\n".encode()])


async def send(method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
    """One request on a connection of its own. Raises OSError, EOFError or NoHttp."""
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise NoHttp(f"no absolute address: {url}")
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    if not target.isascii() or " " in target:
        raise NoHttp(f"sent verbatim, this is no request line: {target}")
    lines = [f"{method} {target} HTTP/1.1", f"Host: {parts.netloc}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
    try:
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        await writer.drain()
        return await _read(reader, method)
    finally:
        writer.close()


async def _read(reader: asyncio.StreamReader, method: str) -> Answer:
    first = (await reader.readline()).decode("latin-1")
    if not first:
        raise EOFError("the connection was closed without an answer")
    version, status, *_ = first.split(" ", 2)
    if version != "HTTP/1.1":
        raise NoHttp(f"answered with {version}")
    headers: dict[str, str] = {}
    while (line := (await reader.readline()).decode("latin-1").strip()) != "":
        name, _, value = line.partition(":")
        name = name.lower()
        headers[name] = f"{headers[name]}, {value.strip()}" if name in headers else value.strip()
    body = b"" if method == "HEAD" or status in ("204", "304") else await _body(reader, headers)
    return Answer(int(status), headers, _unpacked(body, headers.get("content-encoding", "")))


async def _body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        pieces = []
        while size := int(await reader.readline(), 16):
            pieces.append(await reader.readexactly(size))
            await reader.readexactly(2)
        await reader.readline()
        return b"".join(pieces)
    if "content-length" in headers:
        return await reader.readexactly(int(headers["content-length"]))
    return await reader.read()


def _unpacked(body: bytes, encoding: str) -> bytes:
    match encoding:
        case "":
            return body
        case "gzip":
            return gzip.decompress(body)
        case "deflate":
            return zlib.decompress(body)
    raise NoHttp(f"the engine knows no {encoding}")
