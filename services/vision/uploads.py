"""An uploaded file as it comes in: bounded, read, and refused in the contract's words (contract I1)."""

from typing import Final

from starlette.datastructures import UploadFile

from libs.common.errors import FieldErrors
from services.vision.pictures import BadPicture, TooManyPixels, UnsupportedFormat
from services.vision.settings import VisionSettings

MISSING: Final = "No file was submitted."
EMPTY: Final = "The submitted file is empty."
INVALID: Final = "Upload a valid image. The file you uploaded was either not an image or a corrupted image."


class ImageRefused(FieldErrors):
    """The field `image` does not hold a picture that can be taken."""

    def __init__(self, sentence: str) -> None:
        super().__init__({"image": [sentence]})


async def read_upload(file: UploadFile | None, settings: VisionSettings) -> bytes:
    """The file's bytes; its name and declared type are nobody's business.

    Raises:
        ImageRefused: missing, empty or too large.
    """
    if file is None:
        raise ImageRefused(MISSING)
    if file.size is not None and file.size > settings.max_upload_bytes:
        raise ImageRefused(f"Image file too large. Maximum size is {settings.max_upload_size_mb:.1f}MB.")
    data = await file.read()
    if not data:
        raise ImageRefused(EMPTY)
    return data


def refusal_of(error: BadPicture, settings: VisionSettings) -> ImageRefused:
    """What the uploader is told about a picture that cannot be taken."""
    match error:
        case UnsupportedFormat(args=(mime,)):
            return ImageRefused(f"Unsupported image format: {mime}. Allowed formats: JPEG, PNG, WebP, HEIC.")
        case TooManyPixels():
            return ImageRefused(f"Image has too many pixels. Maximum is {settings.max_image_pixels}.")
        case _:
            return ImageRefused(INVALID)
