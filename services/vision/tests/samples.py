"""Pictures for tests, small and honest, or hostile."""

import io
import struct
import zlib
from typing import Any

from PIL import Image

from libs.common.migrate import SERVICES_FOLDER

PHOTOS = SERVICES_FOLDER.parent / "tests" / "photos"
SECRET = b"GPS 52.5200N 13.4050E"


def picture(width: int = 64, height: int = 48, mode: str = "RGB", color: Any = None) -> Image.Image:
    """A plain picture whose left half is dark, so that turning shows."""
    image = Image.new(mode, (width, height), color if color is not None else _light(mode))
    if color is None:
        image.paste(_dark(mode), (0, 0, width // 2, height))
    return image


def _light(mode: str) -> Any:
    return {"RGB": (220, 200, 40), "RGBA": (220, 200, 40, 255), "L": 220, "CMYK": (0, 20, 200, 10)}.get(mode, 0)


def _dark(mode: str) -> Any:
    return {"RGB": (10, 20, 90), "RGBA": (10, 20, 90, 255), "L": 10, "CMYK": (200, 180, 0, 100)}.get(mode, 1)


def encoded(image: Image.Image, format: str = "JPEG", **options: Any) -> bytes:
    """The picture as a file."""
    written = io.BytesIO()
    image.save(written, format, **options)
    return written.getvalue()


def jpeg(width: int = 64, height: int = 48, **options: Any) -> bytes:
    return encoded(picture(width, height), "JPEG", **options)


def png(width: int = 64, height: int = 48, **options: Any) -> bytes:
    return encoded(picture(width, height), "PNG", **options)


def photo(name: str) -> bytes:
    """One of the 24 photos of `tests/photos`, as JPEG like from a phone."""
    with Image.open(PHOTOS / f"{name}.webp") as image:
        return encoded(image.convert("RGB"), "JPEG", quality=90)


def chunk(kind: bytes, data: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of(width: int, height: int, *chunks: bytes, depth: int = 8, color: int = 0, pixels: bytes = b"") -> bytes:
    """A PNG whose header says anything at all."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def gray_bomb(side: int) -> bytes:
    """A gray PNG of side × side pixels, all black, in a few kilobytes."""
    packer = zlib.compressobj(9)
    row = bytes(side + 1)
    packed = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    return png_of(side, side, pixels=packed)


def with_scans(data: bytes, extra: int) -> bytes:
    """A progressive JPEG whose last scan is repeated `extra` times: a few bytes each, a pass over all pixels each."""
    start = data.rindex(b"\xff\xda")
    end = data.rindex(b"\xff\xd9")
    return data[:end] + data[start:end] * extra + data[end:]


def decoded(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image
