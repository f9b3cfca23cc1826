"""What kind of picture a file really is, judged by its bytes alone (contract I1); pure, no decoding."""

import re
import zlib
from collections.abc import Iterator
from typing import Final

JPEG: Final = "image/jpeg"
PNG: Final = "image/png"
WEBP: Final = "image/webp"
HEIC: Final = "image/heic"

PILLOW_FORMATS: Final = {JPEG: "JPEG", PNG: "PNG", WEBP: "WEBP", HEIC: "HEIF"}
"""The allowed kinds, and the only decoder that each may reach."""
NAMES: Final = {JPEG: "JPEG", PNG: "PNG", WEBP: "WEBP", HEIC: "HEIC"}

MAX_JPEG_SCANS: Final = 50
"""Every scan of a progressive JPEG costs a pass over all pixels, for 127 bytes; cameras and tools write about ten."""

_SIGNATURES: Final = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"\x00\x00\x01\x00", "image/x-icon"),
    (b"\x00\x00\x00\x0cjP  ", "image/jp2"),
    (b"8BPS", "image/vnd.adobe.photoshop"),
    (b"qoif", "image/qoi"),
    (b"DDS ", "image/vnd-ms.dds"),
)
_HEIC_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_AVIF_BRANDS: Final = frozenset({b"avif", b"avis"})
_NEXT_MARKER: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_FIRST_WITH_LENGTH: Final = 0xC0
"""Markers below stand alone. Decoders step over them while they look for a lost restart marker, and so do we: taken
for the head of a segment, one would hide every scan behind it."""
_START_OF_SCAN: Final = 0xDA
_END_OF_IMAGE: Final = 0xD9
_RARE_FRAMES: Final = frozenset({0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
"""Lossless, hierarchical, arithmetically coded: no camera writes them, no browser shows them."""

_BARE_PNG_CHUNKS: Final = {b"IHDR": 13, b"sRGB": 1, b"pHYs": 9, b"IEND": 0}
"""What may stand beside the pixels, each once, and how long it is."""
_CHANNELS: Final = {2: 3, 6: 4}
"""By the color type of a PNG: RGB, and RGB with transparency."""


def sniff(data: bytes) -> str | None:
    """The MIME type that the first bytes announce, whether or not it is allowed; None for what is no picture."""
    for signature, mime in _SIGNATURES:
        if data.startswith(signature):
            return mime
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return WEBP
    if data[4:8] == b"ftyp":
        return _sniff_brands(data)
    return None


def _sniff_brands(data: bytes) -> str | None:
    size = min(int.from_bytes(data[:4], "big"), 256)
    brands = {data[8:12]} | {data[start : start + 4] for start in range(16, size - 3, 4)}
    if brands & _AVIF_BRANDS:
        return "image/avif"
    return HEIC if brands & _HEIC_BRANDS else None


def is_tame_jpeg(data: bytes) -> bool:
    """Whether a JPEG is of a common kind and has no more scans than a picture needs."""
    scans = 0
    for marker in _jpeg_markers(data):
        scans += marker == _START_OF_SCAN
        if marker in _RARE_FRAMES or scans > MAX_JPEG_SCANS:
            return False
    return True


def count_jpeg_scans(data: bytes) -> int:
    """How many scans a JPEG has. Thumbnails inside its segments do not count."""
    return sum(marker == _START_OF_SCAN for marker in _jpeg_markers(data))


def _jpeg_markers(data: bytes) -> Iterator[int]:
    """The markers up to the end of the image, as a decoder meets them; rather one too many than one too few."""
    at = 2
    while found := _NEXT_MARKER.search(data, at):
        marker, at = data[found.start() + 1], found.end()
        if marker == _END_OF_IMAGE:
            return
        yield marker
        if marker >= _FIRST_WITH_LENGTH:
            at += int.from_bytes(data[at : at + 2], "big")


def is_bare_png(data: bytes, width: int, height: int) -> bool:
    """True for a color PNG of eight bits a channel that holds its pixels and not one byte besides.

    So nothing rides along: no metadata, no color profile, nothing behind the end, nor behind the packed pixels.
    """
    header = data[24:29]  # Depth, color type, packing, filters, interlace.
    if len(header) < 5 or header[0] != 8 or header[1] not in _CHANNELS or header[4]:
        return False
    at, kind, seen, packed = 8, b"", set[bytes](), list[bytes]()
    while at + 12 <= len(data) and kind != b"IEND":
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        content, checksum = data[at + 8 : at + 8 + size], data[at + 8 + size : at + 12 + size]
        if checksum != zlib.crc32(content, zlib.crc32(kind)).to_bytes(4, "big"):
            return False
        if kind == b"IDAT":
            packed.append(content)
        elif kind in seen or _BARE_PNG_CHUNKS.get(kind) != size:
            return False
        seen.add(kind)
        at += 12 + size
    return kind == b"IEND" and at == len(data) and _unpack_to(packed, (width * _CHANNELS[header[1]] + 1) * height)


def _unpack_to(packed: list[bytes], size: int) -> bool:
    """Whether the pieces of a zlib stream hold exactly `size` bytes, and nothing follows it."""
    inflating, left = zlib.decompressobj(), size
    try:
        for piece in packed:
            left -= len(inflating.decompress(piece, left + 1))
            if left < 0 or inflating.unused_data or inflating.unconsumed_tail:
                return False
    except zlib.error:
        return False
    return inflating.eof and left == 0
