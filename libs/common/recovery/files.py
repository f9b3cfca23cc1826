"""Holds the blob store against the records that name its files, both ways (I8)."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

from libs.common.blobs import Blobs
from libs.common.recovery.audit import Named
from libs.common.recovery.invariants import MOST, Violation

AT_ONCE: Final = 8
STORE: Final = "blobs"


@dataclass(slots=True)
class Files:
    """One look at the store after another; what was read and found whole is not read again.

    grace   how long a file may lie there before a record names it: an upload that is under way
    sampled share of the files with a known checksum that are read, from 0 to 1; always the same ones
    whole   whether all services are asked; else nobody can say that a file is named by none
    """

    blobs: Blobs
    grace: timedelta
    sampled: float
    whole: bool
    count: int = 0
    hashed: set[str] = field(default_factory=set)

    async def violations(self, named: dict[str, list[Named]]) -> list[Violation]:
        """`named`: service → files. What is missing, cut off, changed, or nobody's."""
        found: list[Violation] = []
        by_key: dict[str, tuple[str, Named]] = {}
        for service, files in named.items():
            for file in files:
                other = by_key.setdefault(file.key, (service, file))[1]
                if other.sha256 and file.sha256 and other.sha256 != file.sha256:
                    sentence = f"{file.by} and {other.by} know {file.key} by different bytes"
                    found.append(Violation("I8", service, file.key, sentence))
                # Of several who name a file, the one who knows most of it.
                if (file.must_be, file.sha256 is not None) > (other.must_be, other.sha256 is not None):
                    by_key[file.key] = (service, file)
        sizes, latest = dict[str, int](), datetime.now(UTC) - self.grace
        async for stored in self.blobs.all():
            sizes[stored.key] = stored.size
            if self.whole and stored.key not in by_key and stored.written_at <= latest:
                sentence = f"{stored.key} ({stored.size} bytes, {stored.written_at:%Y-%m-%d %H:%M}) is named by nobody"
                found.append(Violation("I8", STORE, stored.key, sentence))
        self.count = len(sizes)
        for key, (service, file) in by_key.items():
            if key not in sizes:
                if file.must_be:
                    found.append(Violation("I8", service, key, f"{file.by} lacks its file {key}"))
            elif file.size is not None and file.size != sizes[key]:
                sentence = f"{key} of {file.by} has {sizes[key]} bytes instead of {file.size}"
                found.append(Violation("I8", service, key, sentence))
        there = [(service, file) for key, (service, file) in by_key.items() if key in sizes]
        found += [violation async for violation in self._changed(there)]
        return found[:MOST]

    async def _changed(self, files: Iterable[tuple[str, Named]]) -> AsyncIterator[Violation]:
        read = [each for each in files if self._is_read(each[1])]
        for start in range(0, len(read), AT_ONCE):
            some = read[start : start + AT_ONCE]
            digests = await asyncio.gather(*(self._digest(file.key) for _, file in some))
            for (service, file), digest in zip(some, digests, strict=True):
                if digest == file.sha256:
                    self.hashed.add(file.key)
                elif digest is not None:
                    sentence = f"{file.key} of {file.by} does not have the bytes that it was stored with"
                    yield Violation("I8", service, file.key, sentence)

    def _is_read(self, file: Named) -> bool:
        drawn = zlib.crc32(file.key.encode()) / 2**32 < self.sampled
        return file.sha256 is not None and drawn and file.key not in self.hashed

    async def _digest(self, key: str) -> str | None:
        """None if it has gone meanwhile."""
        found = sha256()
        try:
            async for chunk in (await self.blobs.open(key)).chunks:
                found.update(chunk)
        except FileNotFoundError:
            return None
        return found.hexdigest()
