"""Every picture in the same plain colors: opaque on white, eight bits, sRGB, nothing else in the file (contract B4)."""

import io
from typing import Final

from PIL import Image, ImageCms

WHITE: Final = (255, 255, 255)
_SRGB: Final = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def opaque(image: Image.Image) -> Image.Image:
    """The same picture without transparency, on white, in a mode that can be resized."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        # 16 bits a pixel: scaled down, where a plain conversion would clip almost everything to white.
        return image.convert("I").point(lambda value: value * (1 / 257) + 0).convert("L")
    if image.has_transparency_data:
        layered = image if image.mode == "RGBA" else image.convert("RGBA")  # A copy of the largest is 200 MB.
        flat = Image.new("RGB", image.size, WHITE)
        flat.paste(layered, mask=layered.getchannel("A"))
        return flat
    return image if image.mode in ("RGB", "L", "CMYK") else image.convert("RGB")


def in_srgb(image: Image.Image, icc: bytes | None) -> Image.Image:
    """In RGB as screens show it; a color profile that cannot be read or does not fit is ignored."""
    if icc:
        try:
            profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
            if image.mode != "RGB" or "srgb" not in ImageCms.getProfileDescription(profile).lower():
                converted = ImageCms.profileToProfile(image, profile, _SRGB, outputMode="RGB")
                image = image if converted is None else converted
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            pass
    image = image if image.mode == "RGB" else image.convert("RGB")
    image.info = {}  # Whatever the file said about itself stays behind.
    return image
