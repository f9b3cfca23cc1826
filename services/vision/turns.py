"""Which way up a picture is, and which way it is to be turned (contract B4); all degrees are clockwise."""

from typing import Final

from PIL import Image

ORIENTATION_TAG: Final = 0x0112
UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
CLOCKWISE: Final = {
    90: Image.Transpose.ROTATE_270,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90,
}
_SAME_SIDES: Final = (Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.FLIP_TOP_BOTTOM, Image.Transpose.ROTATE_180)
EXIF_DEGREES: Final = {2: 0, 3: 180, 4: 180, 5: 270, 6: 90, 7: 90, 8: 270}
"""The clockwise turn in each EXIF orientation, mirroring left aside."""


def orientation_of(image: Image.Image) -> int:
    try:
        value = image.getexif().get(ORIENTATION_TAG, 1)
    except Exception:  # noqa: BLE001 - garbage in the metadata is no reason to refuse the pixels
        return 1
    return value if isinstance(value, int) and value in UPRIGHT else 1


def turned(size: tuple[int, int], turns: list[Image.Transpose]) -> tuple[int, int]:
    swapped = sum(turn not in _SAME_SIDES for turn in turns) % 2 == 1
    return (size[1], size[0]) if swapped else size
