"""What kind of picture a file really is, judged by its bytes alone (contract I1); pure, no decoding."""

import re
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
_HARMLESS_PNG_CHUNKS: Final = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"sRGB", b"pHYs"})


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


def count_jpeg_scans(data: bytes, limit: int = MAX_JPEG_SCANS) -> int:
    """How many scans a JPEG has; stops counting beyond `limit`. Thumbnails inside its segments do not count."""
    scans, at = 0, 2
    while scans <= limit and (found := _NEXT_MARKER.search(data, at)):
        marker, at = data[found.start() + 1], found.end()
        if marker == 0xD9:  # end of image
            break
        if marker == 0xDA:  # start of scan
            scans += 1
        if marker != 0x01:
            at += int.from_bytes(data[at : at + 2], "big")
    return scans


def is_bare_png(data: bytes, width: int, height: int) -> bool:
    """True if a PNG holds pixels and nothing else: no metadata, no color profile, nothing behind its end."""
    at, last = 8, b""
    while at + 12 <= len(data):
        size, last = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if last not in _HARMLESS_PNG_CHUNKS:
            return False
        at += 12 + size
        if last == b"IEND":
            break
    # More bytes than the pixels can need are somebody's luggage.
    return last == b"IEND" and at == len(data) and len(data) <= (4 * width + 1) * height * 1.01 + 65_536
