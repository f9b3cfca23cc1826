"""Files that were made to harm whoever opens them, built byte by byte to the recipes of the hardening notes (2A)."""

import struct
import zlib
from typing import Any, Final

from PIL import Image

from services.vision.tests.samples import chunk, encoded, jpeg, picture, png, png_of

ROW_BITS: Final = {0: 1, 2: 3, 4: 2, 6: 4}
"""Channels by the color type of a PNG."""
SEGMENT: Final = 1 << 20


def zeros(size: int) -> bytes:
    """A zlib stream of so many zero bytes, at once: pieces cut by a full flush may be repeated as they are."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = packer.compress(bytes(SEGMENT)) + packer.flush(zlib.Z_FULL_FLUSH)
    end = zlib.compressobj(9, zlib.DEFLATED, -15)
    rest = end.compress(bytes(size % SEGMENT)) + end.flush()
    return b"\x78\xda" + piece * (size // SEGMENT) + rest + struct.pack(">I", (size % 65521) << 16 | 1)


def black_png(width: int, height: int, depth: int = 8, color: int = 0) -> bytes:
    """A whole and valid black PNG of any size."""
    row = (width * ROW_BITS[color] * depth + 7) // 8 + 1
    return png_of(width, height, depth=depth, color=color, pixels=zeros(row * height))


def with_chunk(kind: bytes, content: bytes, data: bytes | None = None) -> bytes:
    """A good PNG with one more chunk right behind its header."""
    data = data or png()
    return data[:33] + chunk(kind, content) + data[33:]


def with_many_texts(count: int, size: int) -> bytes:
    packed = chunk(b"zTXt", b"k\x00\x00" + zeros(size))
    data = png()
    return data[:33] + packed * count + data[33:]


def with_endless_pixels(size: int) -> bytes:
    """Ten by ten pixels, and behind them in the same stream as many bytes as one likes."""
    return png_of(10, 10, pixels=zeros(11 * 10 + size))


def hidden_in_pixels(luggage: bytes) -> bytes:
    """A good RGB PNG in whose IDAT something follows the end of the packed pixels."""
    pixels = zlib.compress(b"".join(b"\x00" + bytes(30) for _ in range(10)))
    return png_of(10, 10, color=2, pixels=pixels + luggage)


def more_pixels_than_shown(luggage: bytes) -> bytes:
    """The same in the packed stream itself, which is not packed at all."""
    return png_of(10, 10, color=2, pixels=zlib.compress(b"".join(b"\x00" + bytes(30) for _ in range(10)) + luggage, 0))


def patched_frame(width: int, height: int) -> bytes:
    """A JPEG whose frame header claims another size."""
    data = bytearray(jpeg())
    start = data.index(b"\xff\xc0") + 5
    data[start : start + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def progressive(side: int, mode: str = "L", **options: Any) -> bytes:
    return encoded(Image.new(mode, (side, side), 0), "JPEG", progressive=True, **options)


def with_scans_to(size: int, side: int) -> bytes:
    """A progressive JPEG whose last scan is repeated until the file has `size` bytes."""
    data = progressive(side)
    start, end = data.rindex(b"\xff\xda"), data.rindex(b"\xff\xd9")
    scan = data[start:end]
    return data[:end] + scan * max(1, (size - len(data)) // len(scan)) + data[end:]


def with_hidden_scans(side: int, count: int) -> bytes:
    """Scans behind a marker that only looks like the head of a segment: decoders skip the marker, not the scans.

    While it looks for a lost restart marker, libjpeg drops markers below C0 and reads on right behind them.
    """
    data = progressive(side, restart_marker_rows=1)
    start, end = data.rindex(b"\xff\xda"), data.rindex(b"\xff\xd9")
    header = data[start : start + 2 + int.from_bytes(data[start + 2 : start + 4], "big")]
    scan, hidden = header + b"\x00\x00", b""
    while count > 0:
        scans = scan * min(count, 60_000 // len(scan))
        hidden += header + b"\x00\xff\x02" + struct.pack(">H", len(scans) + 2) + scans
        count -= 60_000 // len(scan)
    return data[:start] + hidden + data[end:]


def arithmetic_jpeg() -> bytes:
    """A frame header that announces arithmetic coding: slow to decode, shown by no browser."""
    return jpeg().replace(b"\xff\xc0", b"\xff\xc9", 1)


def exif_of(entries: int, size: int) -> bytes:
    """A directory whose many entries each claim most of the file, to be read again and again."""
    each = b"".join(struct.pack(">HHLL", number & 0xFFFF, 7, size - 100, 8) for number in range(1, entries + 1))
    return (b"MM\x00*" + struct.pack(">LH", 8, entries) + each + bytes(4)).ljust(size, b"\x00")


def jpeg_with_exif(exif: bytes) -> bytes:
    """A JPEG with an EXIF block of any size, in as many segments as it takes."""
    data, segments = jpeg(), b""
    for at in range(0, len(exif), 65_000):
        part = b"Exif\x00\x00" + exif[at : at + 65_000]
        segments += b"\xff\xe1" + struct.pack(">H", len(part) + 2) + part
    return data[:2] + segments + data[2:]


def animated_webp(width: int, height: int, frames: int) -> bytes:
    """Small frames on a canvas that claims any size."""
    frame = encoded(Image.new("RGB", (16, 16)), "WEBP", lossless=True)[12:]
    placed = bytes(6) + (15).to_bytes(3, "little") * 2 + (100).to_bytes(3, "little") + b"\x00" + frame
    canvas = b"\x02\x00\x00\x00" + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBP" + _riff(b"VP8X", canvas) + _riff(b"ANIM", bytes(6)) + _riff(b"ANMF", placed) * frames
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _riff(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("<I", len(content)) + content


def animated_png(side: int, frames: int) -> bytes:
    """Frames of full size, all black."""
    pixels, whole = zeros((side + 1) * side), png_of(side, side)
    shown = b""
    for number in range(frames):
        head = struct.pack(">IIIIIHHBB", max(0, 2 * number - 1), side, side, 0, 0, 1, 25, 0, 0)
        content = chunk(b"fdAT", struct.pack(">I", 2 * number) + pixels) if number else chunk(b"IDAT", pixels)
        shown += chunk(b"fcTL", head) + content
    return whole[:33] + chunk(b"acTL", struct.pack(">II", frames, 0)) + shown + chunk(b"IEND", b"")


POSTSCRIPT: Final = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n%%EOF\n"
SVG: Final = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"


def other_kinds() -> dict[str, bytes]:
    """Kinds that Pillow would open, and that are not taken (contract I1)."""
    kinds = ("GIF", "BMP", "TIFF", "ICO", "ICNS", "DDS", "QOI", "TGA", "PPM", "JPEG2000", "AVIF", "PCX", "SGI")
    made = {kind: encoded(picture(), kind) for kind in kinds}
    return made | {"EPS": POSTSCRIPT, "EPS of Pillow": encoded(picture(), "EPS"), "PDF": encoded(picture(), "PDF")}


def photoshop_jpeg(words: bytes) -> bytes:
    """A JPEG with words as IPTC has them, in a maker's own notes, in its comment, and in a thumbnail's EXIF."""
    iptc = b"Photoshop 3.0\x008BIM\x04\x04\x00\x00" + struct.pack(">I", len(words) + 5) + b"\x1c\x02\x5a"
    iptc += struct.pack(">H", len(words)) + words
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x927C] = words
    data = encoded(picture(), "JPEG", exif=exif, comment=words)
    return data[:2] + b"\xff\xed" + struct.pack(">H", len(iptc) + 2) + iptc + data[2:]
