"""HEIC files that lie: the real one of the contract's tests, taken apart and put together again."""

import struct
from pathlib import Path
from typing import Final

REAL: Final = (Path(__file__).parents[3] / "tests" / "contract" / "corners.heic").read_bytes()
TILE: Final = (80, 60)
CODED: Final = (80, 64)
"""What the encoder stored; four rows are cut off again."""


def claiming(width: int, height: int) -> bytes:
    """The real file with another size in its properties."""
    return REAL.replace(struct.pack(">II", *CODED), struct.pack(">II", width, height))


def grid(columns: int, rows: int, size: tuple[int, int], claimed: tuple[int, int] | None = None) -> bytes:
    """A picture of many tiles, all of them the same bytes; `claimed` is what its properties say."""
    tiles = range(2, columns * rows + 2)
    width, height = claimed or size
    ipco = _box(
        b"ipco", _full(b"ispe", struct.pack(">II", width, height)), _found(b"hvcC"), _ispe_of_tile(), _found(b"clap")
    )
    owners = struct.pack(">IHBB", len(tiles) + 1, 1, 1, 0x81)
    owners += b"".join(struct.pack(">HBBBB", tile, 3, 0x82, 0x03, 0x84) for tile in tiles)
    items = _item(1, b"grid", 0) + b"".join(_item(tile, b"hvc1", 1) for tile in tiles)
    parts = struct.pack(">HH", 1, len(tiles)) + b"".join(struct.pack(">H", tile) for tile in tiles)
    layout = struct.pack(">BBBBII", 0, 1, rows - 1, columns - 1, *size)
    pixels = REAL[0x1E2 : 0x1E2 + 0x1DF]

    def meta(start: int) -> bytes:
        places = struct.pack(">HHHHII", 1, 0, 0, 1, start, len(layout))
        places += b"".join(struct.pack(">HHHHII", tile, 0, 0, 1, start + len(layout), len(pixels)) for tile in tiles)
        return _full(
            b"meta",
            _full(b"hdlr", bytes(4) + b"pict" + bytes(13)),
            _full(b"pitm", struct.pack(">H", 1)),
            _full(b"iloc", struct.pack(">BBH", 0x44, 0, len(tiles) + 1) + places, version=1),
            _full(b"iinf", struct.pack(">H", len(tiles) + 1) + items),
            _full(b"iref", _box(b"dimg", parts)),
            _box(b"iprp", ipco, _full(b"ipma", owners)),
        )

    head = _box(b"ftyp", b"heic" + bytes(4) + b"mif1heic")
    return head + meta(len(head) + len(meta(0)) + 8) + _box(b"mdat", layout + pixels)


def _box(kind: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">I", len(content) + 8) + kind + content


def _full(kind: bytes, *parts: bytes, version: int = 0, flags: int = 0) -> bytes:
    return _box(kind, struct.pack(">I", version << 24 | flags), *parts)


def _item(number: int, kind: bytes, flags: int) -> bytes:
    return _full(b"infe", struct.pack(">HH", number, 0) + kind + b"\x00", version=2, flags=flags)


def _ispe_of_tile() -> bytes:
    return _full(b"ispe", struct.pack(">II", *CODED))


def _found(kind: bytes) -> bytes:
    """A box of the real file."""
    start = REAL.index(kind) - 4
    return REAL[start : start + int.from_bytes(REAL[start : start + 4], "big")]
