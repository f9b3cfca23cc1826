"""Pictures that no honest camera makes; each must be refused, and harm nobody (hardening 2A)."""

import io
import struct
import zlib

from PIL import Image

from tests.faults.chaos.photos import new_photo


def hostile(kind: str) -> bytes:
    """The bytes of one of them, by its name in the schedule."""
    match kind:
        case "truncated":
            return new_photo(1)[:-900]
        case "text":
            return b"This is no picture at all. " * 40
        case "html":
            return b"<!doctype html><script>alert(1)</script>"
        case "empty":
            return b""
        case "gif":
            target = io.BytesIO()
            Image.new("RGB", (40, 40), "red").save(target, "GIF")
            return target.getvalue()
        case "bomb":
            return _grey_png(13_000, 13_000)
        case "giant":
            return _grey_png(65_000, 65_000, rows=100)
        case _:
            raise ValueError(f"unknown picture {kind}")


def _grey_png(width: int, height: int, rows: int | None = None) -> bytes:
    """A PNG of one grey; with fewer `rows` of data than it says it has, where that is wished."""
    packer = zlib.compressobj(9)
    line = b"\0" * (width + 1)
    data = b"".join(packer.compress(line) for _ in range(rows or height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(*part) for part in ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
