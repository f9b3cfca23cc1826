"""Pictures that tell where they were made, and how to see that one no longer does (contract B4)."""

import struct
from collections.abc import Iterator
from typing import Any, Final

from PIL import ImageCms
from PIL.PngImagePlugin import PngInfo

from tests.contract.pictures import corners, decoded, encoded

SECRET: Final = "52.5200N 13.4050E"
"""Also in the EXIF of `pictures.HEIC`."""
DESCRIPTION, GPS = 0x010E, 0x8825


def with_luggage(kind: str) -> bytes:
    """A file that tells in every way it has where it was made."""
    image = corners(88, 66)
    exif = image.getexif()
    exif[DESCRIPTION] = SECRET
    position = exif.get_ifd(GPS)
    position[1], position[2], position[3], position[4] = "N", (52.0, 31.0, 12.0), "E", (13.0, 24.0, 18.0)
    xmp = f'<x:xmpmeta xmlns:x="adobe:ns:meta/">{SECRET}</x:xmpmeta>'.encode()
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() + SECRET.encode()
    options: dict[str, Any] = {"exif": exif, "icc_profile": profile}
    if kind == "PNG":
        text = PngInfo()
        text.add_text("Location", SECRET)
        text.add_itxt("XML:com.adobe.xmp", xmp.decode())
        text.add_text("Comment", SECRET, zip=True)
        options["pnginfo"] = text
    else:
        options["xmp"] = xmp
    if kind == "JPEG":
        options["comment"] = SECRET
    return encoded(image, kind, **options)


def assert_bare(png: bytes) -> None:
    """Pixels and nothing else: no chunk that could carry words, none behind the end, no marker in any byte."""
    assert SECRET.encode() not in png
    kinds = {kind for kind, _ in chunks(png)}
    assert kinds <= {b"IHDR", b"PLTE", b"IDAT", b"IEND"}, kinds
    image = decoded(png)
    assert not dict(image.getexif())
    assert "icc_profile" not in image.info


def chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = 8
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        yield png[place + 4 : place + 8], png[place + 8 : place + 8 + length]
        place += 12 + length
    assert place == len(png)
