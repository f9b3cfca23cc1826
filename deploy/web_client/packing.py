"""Packs the files of a client once, as small as they get, so that no player waits for it (contract O8, C6)."""

import os
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from pathlib import Path
from threading import Event, Lock
from typing import Final

import brotli

from services.gateway.hosting import PICTURES

SMALLEST: Final = 1024
WORTH: Final = 0.95
"""A sibling that is larger than this share of its file only takes room."""
PIECE: Final = 256 * 1024
WINDOW: Final = 24
BEST, QUICK = 11, 9

Report = Callable[[str, str, int, int], None]
"""Told: which coding, what is being done, how many bytes, of how many."""


class _Brotli:
    def __init__(self, quality: int) -> None:
        self._stream = brotli.Compressor(quality=quality, lgwin=WINDOW)

    def pieces(self, chunk: bytes) -> bytes:
        packed: bytes = self._stream.process(chunk)
        return packed

    def rest(self) -> bytes:
        packed: bytes = self._stream.finish()
        return packed


class _Gzip:
    """Without a name and a date in it: the same file gives the same bytes."""

    def __init__(self) -> None:
        self._stream = zlib.compressobj(9, zlib.DEFLATED, 31)

    def pieces(self, chunk: bytes) -> bytes:
        return self._stream.compress(chunk)

    def rest(self) -> bytes:
        return self._stream.flush()


def pack(folder: Path, report: Report, *, quality: int = BEST) -> int:
    """Writes `.br` and `.gz` siblings for all that gets smaller by them. Blocks; uses all processors.

    Returns how many siblings there are. The first error ends all of it.
    """
    codings: dict[str, Callable[[], _Brotli | _Gzip]] = {".br": lambda: _Brotli(quality), ".gz": _Gzip}
    files = sorted(_packable(folder), key=lambda path: -path.stat().st_size)
    total = sum(path.stat().st_size for path in files)
    done, told, ended = dict.fromkeys(codings, 0), Lock(), Event()

    def one(path: Path, ending: str) -> bool:
        stream, packed = codings[ending](), bytearray()
        for chunk in _chunks(path):
            if ended.is_set():
                return False
            packed += stream.pieces(chunk)
            with told:
                done[ending] += len(chunk)
                report(ending, path.name, done[ending], total)
        packed += stream.rest()
        if len(packed) > path.stat().st_size * WORTH:
            return False
        path.with_name(path.name + ending).write_bytes(packed)
        return True

    # The libraries let go of the interpreter while they work: threads are enough.
    with ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="pack") as pool:
        work = [pool.submit(one, path, ending) for path in files for ending in codings]
        try:
            wait(work, return_when=FIRST_EXCEPTION)
            return sum(each.result() for each in work)
        finally:
            ended.set()


def _packable(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix[1:].lower() not in PICTURES and path.stat().st_size >= SMALLEST:
            yield path


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(PIECE):
            yield chunk
