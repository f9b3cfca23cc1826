"""From any uploaded picture to the one kind that is served: upright, cropped, opaque, bounded, bare PNG (contract B4).

Pure: bytes in, bytes out. Runs in the decoder's child processes only, because the bytes come from strangers.
"""

import io
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from math import gcd
from typing import Any, Final

from PIL import Image

from services.vision import colors, picture_formats, turns
from services.vision.picture_formats import HEIC, JPEG, PNG

MAX_SIDE: Final = 2560
RENDITION_SIDE: Final = 2048
RENDITION_QUALITY: Final = 85
THUMBNAIL_SIDE: Final = 256
LARGE: Final = 4_000_000
"""Pixels from which a second thread is worth its start."""
PNG_LEVEL: Final = 1
"""Measured on 2560×1920 photos: level 1 takes 0.25 s, level 6 takes 1.1 s and saves at most 5 %."""


class BadPicture(Exception):
    """The bytes are not a picture that can be taken."""


class Undecodable(BadPicture):
    """Not a picture, a broken one, or one that does not decode within the limits."""


class UnsupportedFormat(BadPicture):
    """A picture of a kind that is not allowed; the argument is its MIME type."""


class TooManyPixels(BadPicture):
    """The header announces more pixels than the limit; nothing was decoded."""


@dataclass(frozen=True, slots=True)
class Crop:
    """A rectangle in pixels of the picture after rotation."""

    x: int
    y: int
    width: int
    height: int

    def fits(self, size: tuple[int, int]) -> bool:
        inside = self.x + self.width <= size[0] and self.y + self.height <= size[1]
        return self.x >= 0 and self.y >= 0 and self.width > 0 and self.height > 0 and inside


@dataclass(frozen=True, slots=True)
class Inspected:
    """What a look at an upload tells: its format, its size in pixels as stored, sha256 of its bytes."""

    format: str
    size: tuple[int, int]
    sha256: str


@dataclass(frozen=True, slots=True)
class Standardized:
    """A served PNG, a small one like it, and the JPEG for the model, all from one decode."""

    png: bytes
    sha256: str
    size: tuple[int, int]
    thumbnail: bytes
    rendition: bytes
    original_format: str
    original_size: tuple[int, int]
    original_sha256: str
    orientation: int
    """As EXIF counts, 1 to 8; the only thing that is kept of what the upload said about itself."""
    applied: dict[str, Any]
    """What was really done: `exif_rotation` and `rotation` in degrees clockwise, `crop` as asked for."""
    warnings: list[str]
    """What was not taken over: `crop_outside`, `further_frames`."""
    unchanged: bool
    """True if the upload itself already was what is served."""


def inspect(data: bytes, max_pixels: int) -> Inspected:
    """Decodes just enough to know that the picture is whole.

    Raises:
        BadPicture: one of its kinds.
    """
    image, mime = _open(data, max_pixels)
    size = image.size
    if mime == JPEG:
        image.draft(None, (image.width // 8, image.height // 8))
    _load(image)
    return Inspected(picture_formats.NAMES[mime], size, sha256(data).hexdigest())


def standardize(
    data: bytes, rotation: int, crop: Crop | None, max_pixels: int, max_side: int = MAX_SIDE
) -> Standardized:
    """Makes the served PNG: EXIF orientation, `rotation` (0, 90, 180, 270 clockwise), `crop`, flatten, resize.

    Raises:
        BadPicture: one of its kinds.
    """
    image, mime = _open(data, max_pixels)
    if mime != JPEG:
        # Asking a PNG for its EXIF decodes it in passing, and would swallow what is wrong with its pixels.
        _load(image)
    original_size = image.size
    orientation = turns.orientation_of(image)
    wanted = [turn for turn in (turns.UPRIGHT.get(orientation), turns.CLOCKWISE.get(rotation)) if turn is not None]
    warnings = ["further_frames"] if getattr(image, "n_frames", 1) > 1 else []
    if crop is not None and not crop.fits(turns.turned(image.size, wanted)):
        crop = None
        warnings.append("crop_outside")
    if mime == JPEG and crop is None:
        # Half the size straight from the file, where that still is no enlargement: a quarter of the memory.
        image.draft(None, _fitted(image.size, max_side))
    icc = image.info.get("icc_profile")
    _load(image)
    unchanged = mime == PNG and not wanted and crop is None and _is_standard(image, data, max_side)
    if crop is not None:
        for turn in wanted:
            image = image.transpose(turn)
        image, wanted = image.crop((crop.x, crop.y, crop.x + crop.width, crop.y + crop.height)), []
        target = _fitted(image.size, max_side)
    else:
        target = _fitted(original_size, max_side)
    image = colors.opaque(image)
    image = _resized(image, target)
    image = colors.in_srgb(image, icc)
    # Turning commutes with flattening and resizing, and is cheaper on the smaller picture.
    for turn in wanted:
        image = image.transpose(turn)
    with ThreadPoolExecutor(1) as beside:
        others = beside.submit(lambda: (_thumbnail(image), _rendition(image), sha256(data).hexdigest()))
        png = data if unchanged else _png(image)
    thumbnail, rendition, original_sha256 = others.result()
    return Standardized(
        png=png,
        sha256=sha256(png).hexdigest(),
        size=image.size,
        thumbnail=thumbnail,
        rendition=rendition,
        original_format=picture_formats.NAMES[mime],
        original_size=original_size,
        original_sha256=original_sha256,
        orientation=orientation,
        applied=_applied(orientation, rotation, crop),
        warnings=warnings,
        unchanged=unchanged,
    )


def render_for_model(data: bytes, max_pixels: int) -> bytes:
    """The JPEG for the model alone, decoded as small as possible: for a picture that could not be standardized.

    Raises:
        BadPicture: one of its kinds.
    """
    image, mime = _open(data, max_pixels)
    target = _fitted(image.size, RENDITION_SIDE)
    if mime == JPEG:
        image.draft(None, target)
    else:
        _load(image)
    turn, icc = turns.UPRIGHT.get(turns.orientation_of(image)), image.info.get("icc_profile")
    _load(image)
    image = colors.in_srgb(colors.opaque(image).resize(target, Image.Resampling.BILINEAR), icc)
    return _rendition(image if turn is None else image.transpose(turn))


def _open(data: bytes, max_pixels: int) -> tuple[Image.Image, str]:
    mime = picture_formats.sniff(data)
    if mime is None:
        raise Undecodable
    if mime not in picture_formats.PILLOW_FORMATS:
        raise UnsupportedFormat(mime)
    if mime == JPEG and not picture_formats.is_tame_jpeg(data):
        raise Undecodable
    # Pillow warns from here on, refuses from twice as many on, and some decoders take memory while they open.
    Image.MAX_IMAGE_PIXELS = (max_pixels + 1) // 2
    try:
        if mime == HEIC:
            import pi_heif  # Large, and needed for this kind only.

            pi_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(data), formats=[picture_formats.PILLOW_FORMATS[mime]])
    except Image.DecompressionBombError:
        raise TooManyPixels from None
    except Exception:  # noqa: BLE001 - decoders raise anything at all on hostile bytes
        raise Undecodable from None
    if image.width * image.height > max_pixels:
        raise TooManyPixels
    return image, mime


def _load(image: Image.Image) -> None:
    try:
        image.load()
    except Exception:  # noqa: BLE001 - as above; running out of memory is one of the ways
        raise Undecodable from None


def _fitted(size: tuple[int, int], side: int) -> tuple[int, int]:
    """The largest size of the same shape whose longest side is at most `side`; never an enlargement."""
    scale = min(1.0, side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _is_standard(image: Image.Image, data: bytes, max_side: int) -> bool:
    """True for an opaque RGB PNG within the limits that carries nothing but pixels (contract B4, `unnecessary`)."""
    if max(image.size) > max_side or not picture_formats.is_bare_png(data, *image.size):
        return False
    if image.mode == "RGBA":
        return image.getchannel("A").getextrema() == (255, 255)
    return image.mode == "RGB" and "transparency" not in image.info


def _resized(image: Image.Image, target: tuple[int, int]) -> Image.Image:
    """In the best quality; large pictures in two parts side by side, which gives the very same pixels sooner.

    The parts meet where a row of the result begins exactly with a row of the original; without such a row, no parts.
    """
    width, height = target
    step = height // gcd(height, image.height)
    middle = height // 2 // step * step
    if image.width * image.height < LARGE or not middle:
        return image if image.size == target else image.resize(target, Image.Resampling.LANCZOS)

    def rows(first: int, last: int) -> Image.Image:
        box = (0, first * image.height // height, image.width, last * image.height // height)
        return image.resize((width, last - first), Image.Resampling.LANCZOS, box=box)

    whole = Image.new(image.mode, target)
    with ThreadPoolExecutor(1) as beside:
        upper = beside.submit(rows, 0, middle)
        whole.paste(rows(middle, height), (0, middle))
        whole.paste(upper.result(), (0, 0))
    return whole


def _png(image: Image.Image) -> bytes:
    written = io.BytesIO()
    image.save(written, "PNG", compress_level=PNG_LEVEL)
    return written.getvalue()


def _thumbnail(image: Image.Image) -> bytes:
    """Measured on 2560×1920 pixels: 8 ms, beside the 250 ms of the large PNG."""
    target = _fitted(image.size, THUMBNAIL_SIDE)
    return _png(image.resize(target, Image.Resampling.LANCZOS, reducing_gap=2.0))


def _rendition(image: Image.Image) -> bytes:
    small = image.resize(_fitted(image.size, RENDITION_SIDE), Image.Resampling.BILINEAR)
    written = io.BytesIO()
    small.save(written, "JPEG", quality=RENDITION_QUALITY)
    return written.getvalue()


def _applied(orientation: int, rotation: int, crop: Crop | None) -> dict[str, Any]:
    applied: dict[str, Any] = {}
    if orientation != 1:
        applied["exif_rotation"] = turns.EXIF_DEGREES[orientation]
    if rotation:
        applied["rotation"] = rotation
    if crop is not None:
        applied["crop"] = {"x": crop.x, "y": crop.y, "width": crop.width, "height": crop.height}
    return applied
