"""What no log may tell: a run's logs are read for what its players entrusted to the mesh (contract B14, 2G 150)."""

import asyncio
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import asyncpg

from tests.mesh import Mesh

PASSWORDS: Final = ("a photo of a tawny owl", "a small giraffe", "four brown owls", "an open secret of Eve")
"""Those of the tests; nobody would write them into a log for any other reason."""

KINDS: Final = {
    "an e-mail address": rb"[\w.+-]{1,64}@[\w-]{1,63}(\.[\w-]{1,63})*\.[A-Za-z]{2,12}\b",
    "a token": rb"eyJ[\w-]{8,}\.(eyJ|\.)|Bearer +[\w-]{16,}",
    "a password hash": rb"\$argon2",
    "a private key": rb"BEGIN [A-Z ]*PRIVATE KEY",
    "an API key": rb"\bsk-[\w-]{8,}",
    "credentials in an address": rb"://[\w%-]+:[^\s@/\"']+@",
    "a picture": rb"\x89PNG|\\x89PNG|JFIF|WEBPVP8|iVBORw0KGgo|/9j/4AAQ|UklGR[\w+/]{4}",
}
PATTERNS: Final = {name: re.compile(pattern) for name, pattern in KINDS.items()}
CODE: Final = re.compile(rb"\b[A-Z0-9]{8}\b")
NUMBER: Final = re.compile(rb"(?<![\w.])\d{1,3}\.\d{4,12}(?![\w.])")
SHORTEST_TEXT: Final = 12


@dataclass(frozen=True)
class Entrusted:
    """What the players of a run gave: friend codes, coordinates to six places, and words of their own."""

    codes: frozenset[bytes]
    coordinates: frozenset[Decimal]
    words: tuple[tuple[str, bytes], ...]


def told_in_logs(mesh: Mesh) -> list[str]:
    """Where a log tells what it must not: file, line and kind, without the secret itself. The stack must run."""
    with ThreadPoolExecutor(1) as thread:
        given = thread.submit(asyncio.run, _entrusted(mesh)).result()
    found: list[str] = []
    for path in _logs(mesh):
        with path.open("rb") as log:
            for number, line in enumerate(log, start=1):
                found += [f"{path.name}, line {number}: {kind}: {_around(line)}" for kind in told_in(line, given)]
    return found


def told_in(line: bytes, given: Entrusted) -> Iterator[str]:
    """What one line tells that it must not."""
    for kind, pattern in PATTERNS.items():
        if pattern.search(line):
            yield kind
    if given.codes.intersection(CODE.findall(line)):
        yield "a friend code"
    if any(
        Decimal(number.decode()).quantize(Decimal("0.000001")) in given.coordinates for number in NUMBER.findall(line)
    ):
        yield "a coordinate"
    for kind, word in given.words:
        if word in line:
            yield kind


async def _entrusted(mesh: Mesh) -> Entrusted:
    database = await asyncpg.connect(mesh.topology["postgres"]["admin_url"])
    try:
        codes = await database.fetch("SELECT friend_code FROM users.users")
        places = await database.fetch("SELECT location_lat, location_lon, location_name, notes FROM dex.dex_entries")
    finally:
        await database.close()
    coordinates = {
        abs(row[name]) for row in places for name in ("location_lat", "location_lon") if row[name] is not None
    }
    written = {row[name] for row in places for name in ("location_name", "notes")}
    words = [("a player's own words", text) for text in written if text and len(text) >= SHORTEST_TEXT]
    words += [("a password", text) for text in PASSWORDS]
    words += [("a secret of the stack", text) for text in _secrets_of_the_stack(mesh)]
    return Entrusted(
        codes=frozenset(row["friend_code"].encode() for row in codes),
        # Of round numbers a log is full for other reasons.
        coordinates=frozenset(each for each in coordinates if (each * 10000) % 10),
        words=tuple((kind, text.encode(errors="surrogatepass")) for kind, text in words),
    )


def _secrets_of_the_stack(mesh: Mesh) -> Iterator[str]:
    path = mesh.data_dir / "credentials.json"
    known: dict[str, Any] = json.loads(path.read_text())
    for name, value in known.items():
        if name == "jwt_key_id":
            continue
        for text in value.values() if isinstance(value, dict) else value.splitlines():
            if len(text) >= SHORTEST_TEXT and not text.startswith("-----"):
                yield text


def _logs(mesh: Mesh) -> list[Path]:
    return sorted(path for path in (mesh.data_dir / "logs").iterdir() if path.is_file())


def _around(line: bytes) -> str:
    """Enough of a line to know who wrote it, with all that looks like a secret taken out."""
    for pattern in (*PATTERNS.values(), CODE, NUMBER):
        line = pattern.sub(b"<...>", line)
    return line[:160].decode(errors="replace").strip()
