"""The web client's files, straight from their folder, which may be filled or changed at any time (contract O8)."""

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import file_digest
from io import FileIO
from pathlib import Path
from typing import Final

from libs.common.errors import NotFound
from services.gateway import hosting
from services.gateway.answers import Headers, is_same_version
from services.gateway.exchange import Exchange
from services.gateway.ranges import part_of
from services.gateway.routes import READS

PIECE: Final = 256 * 1024
MAX_TAGS: Final = 1000
SETTLED_NANOSECONDS: Final = 1_000_000_000


class ClientFiles:
    """Finds files. Reading them is work for a thread: an export's largest has 36 MB."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._tags = Tags()

    async def find(self, exchange: Exchange) -> "ClientFile | None":
        """What to answer with: the file of this path, or the client's page for a place in it; None for a 404."""
        words = hosting.words_of(exchange.sent_path)
        if self._folder is None or words is None:
            return None
        names = []
        if not words:
            names.append([hosting.INDEX])
        elif not exchange.sent_path.endswith("/"):
            names.append(words)
        if exchange.method in READS and hosting.is_page(words, exchange.header(b"accept")):
            names.append([hosting.INDEX])
        return await asyncio.to_thread(self._first, self._folder, names, exchange.header(b"accept-encoding"))

    def _first(self, folder: Path, names: Sequence[list[str]], accept_encoding: bytes) -> "ClientFile | None":
        for words in names:
            found = _inside(folder, words)
            if found is None:
                continue
            *before, name = words
            for coding, ending in hosting.codings(name, accept_encoding):
                sibling = _inside(folder, [*before, name + ending])
                if sibling is not None:
                    return ClientFile(sibling, name, coding, self._tags)
            return ClientFile(found, name, "", self._tags)
        return None


def _inside(folder: Path, words: Sequence[str]) -> Path | None:
    """The file of these names, links followed; None where there is none or it lies outside the folder."""
    try:
        home = folder.resolve(strict=True)
        path = home.joinpath(*words).resolve(strict=True)
        return path if path.is_relative_to(home) and path.is_file() else None
    except (OSError, RuntimeError, ValueError):  # Links in a circle are a RuntimeError.
        return None


class Tags:
    """Entity tags by content, so that all gateways give the same one; made once for each state of a file."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, ...], bytes] = {}

    def of(self, file: FileIO) -> bytes:
        """The tag of an open file, which is at its beginning again afterwards."""
        state = _state(file)
        tag = self._known.get(state)
        if tag is None:
            tag = b'"' + file_digest(file, "sha256").hexdigest()[:32].encode() + b'"'
            file.seek(0)
            if len(self._known) >= MAX_TAGS:
                self._known.clear()
            # Not while somebody writes to it: the file system's clock is too coarse to tell two changes at once apart.
            if state == _state(file) and time.time_ns() - max(state[-2:]) > SETTLED_NANOSECONDS:
                self._known[state] = tag
        return tag


def _state(file: FileIO) -> tuple[int, ...]:
    stat = os.fstat(file.fileno())
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


@dataclass(frozen=True, slots=True)
class ClientFile:
    """One file to answer with; `name` is what was asked for, `coding` how `path` is encoded."""

    path: Path
    name: str
    coding: str
    tags: Tags

    async def answer(self, exchange: Exchange) -> None:
        """The file, a part of it, or 304.

        Raises:
            NotFound: it has just been taken away.
            NoSuchPart: 416.
        """
        exchange.route = "/{file}"
        try:
            file, tag, size = await asyncio.to_thread(self._open)
        except OSError:
            raise NotFound from None
        with file:
            headers = [*hosting.headers_of(self.name), (b"etag", tag)]
            if is_same_version(exchange.header(b"if-none-match"), tag):
                await exchange.answer(304, headers=[header for header in headers if header[0] != b"content-type"])
                return
            if self.coding:
                headers.append((b"content-encoding", self.coding.encode()))
            part = self._part(exchange, tag, size)
            if part is not None:
                headers.append((b"content-range", b"bytes %d-%d/%d" % (part.start, part.stop - 1, size)))
            await self._send(exchange, file, part or range(size), 200 if part is None else 206, headers)

    def _open(self) -> tuple[FileIO, bytes, int]:
        file = self.path.open("rb", buffering=0)
        try:
            return file, self.tags.of(file), _state(file)[2]
        except BaseException:
            file.close()
            raise

    def _part(self, exchange: Exchange, tag: bytes, size: int) -> range | None:
        if exchange.method != "GET" or exchange.header(b"if-range") not in (b"", tag):
            return None
        return part_of(exchange.header(b"range"), size)

    async def _send(self, exchange: Exchange, file: FileIO, part: range, status: int, headers: Headers) -> None:
        await exchange.start(status, [*headers, (b"content-length", b"%d" % len(part))])
        left = len(part) if exchange.method != "HEAD" else 0
        if left and part.start:
            file.seek(part.start)
        while left and (piece := await asyncio.to_thread(file.read, min(left, PIECE))):
            left -= len(piece)
            await exchange.write(piece)
        await exchange.end()
