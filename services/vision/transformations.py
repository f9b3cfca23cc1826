"""What a client may ask to be done to its picture: a rotation, a crop (contract I1); pure."""

import math
from dataclasses import dataclass
from typing import Any, Final

from libs.common.errors import FieldErrors, Refusal
from libs.common.json_values import NotJson, read_json
from services.vision.pictures import Crop

ROTATIONS: Final = (0, 90, 180, 270)
CROP_KEYS: Final = ("x", "y", "width", "height")
NOT_JSON: Final = "Value must be valid JSON."


class InvalidTransformations(Refusal):
    """The JSON of a job's transformations cannot be read."""

    sentence = "Invalid transformations JSON"


@dataclass(frozen=True, slots=True)
class Transformations:
    """`rotation` in degrees clockwise, after the picture has been set upright; `crop` after that."""

    rotation: int = 0
    crop: Crop | None = None

    def as_json(self) -> dict[str, Any]:
        """What is stored; two equal requests are stored equally."""
        stored: dict[str, Any] = {"rotation": self.rotation} if self.rotation else {}
        if self.crop is not None:
            stored["crop"] = {key: getattr(self.crop, key) for key in CROP_KEYS}
        return stored

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Transformations":
        crop = stored.get("crop")
        return cls(stored.get("rotation", 0), Crop(**crop) if crop else None)


def parse_object(value: Any) -> Any:
    """A JSON value that may have come as text: nothing at all and blank text are None.

    Raises:
        NotJson: text that is not JSON, or nested too deeply.
    """
    if not isinstance(value, str):
        return value
    if not value.strip():
        return None
    return read_json(value)


def read_transformations(value: Any) -> Transformations:
    """Reads the object or its JSON text.

    Raises:
        FieldErrors: on `transformations`, in the contract's words.
    """
    try:
        given = parse_object(value)
    except NotJson:
        raise _refused(NOT_JSON) from None
    if given is None and not (isinstance(value, str) and value.strip()):
        return Transformations()
    if not isinstance(given, dict):
        raise _refused("Transformations must be a JSON object.")
    return Transformations(_rotation(given.get("rotation", 0)), _crop(given.get("crop")))


def read_job_transformations(value: Any) -> Transformations:
    """As `read_transformations`, for jobs, where unreadable JSON is answered differently (contract V2, V7).

    Raises:
        InvalidTransformations: not JSON.
        FieldErrors: JSON, but not what it may be.
    """
    try:
        return read_transformations(parse_object(value))
    except NotJson:
        raise InvalidTransformations from None


def _rotation(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value not in ROTATIONS:
        raise _refused("Rotation must be one of: 0, 90, 180, 270.")
    return int(value)


def _crop(value: Any) -> Crop | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise _refused("Crop must be a JSON object.")
    if any(key not in value for key in CROP_KEYS):
        raise _refused("Crop must contain: x, y, width, height.")
    return Crop(*(_pixels(value[key]) for key in CROP_KEYS))


def _pixels(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _refused("Crop values must be numbers.")
    # Far outside any picture, but small enough for every database.
    return int(max(-1_000_000_000, min(value, 1_000_000_000)))


def _refused(sentence: str) -> FieldErrors:
    return FieldErrors({"transformations": [sentence]})
