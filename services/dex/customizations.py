"""What a player may hang on an entry: any small JSON object (contract M). Pure functions."""

from typing import Any, Final

from pydantic_core import PydanticCustomError

from libs.common.json_values import from_text, keepable

MAX_BYTES: Final = 64 * 1024


def parse_customizations(value: Any) -> dict[str, Any]:
    """The object itself, or its JSON text as forms send it.

    Raises:
        PydanticCustomError: no JSON object, too large, too deep, or with text that no database holds.
    """
    kept = keepable(from_text(value), max_bytes=MAX_BYTES)
    if not isinstance(kept, dict):
        raise PydanticCustomError("json_object", "Value must be a JSON object.")
    return kept
