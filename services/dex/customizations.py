"""What a player may hang on an entry: any small JSON object (contract M). Pure functions."""

import math
from typing import Any, Final

import orjson
from pydantic_core import PydanticCustomError

MAX_BYTES: Final = 64 * 1024
MAX_DEPTH: Final = 32


def parse_customizations(value: Any) -> dict[str, Any]:
    """The object itself, or its JSON text as forms send it.

    Raises:
        PydanticCustomError: no JSON object, too large, too deep, or with a number that JSON cannot write.
    """
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            raise PydanticCustomError("json_invalid", "Value must be valid JSON.") from None
    if not isinstance(value, dict):
        raise PydanticCustomError("json_object", "Value must be a JSON object.")
    _check_depth_and_numbers(value)
    if len(orjson.dumps(value)) > MAX_BYTES:
        raise PydanticCustomError("json_size", "Ensure this field has no more than 65536 bytes.")
    return value


def _check_depth_and_numbers(value: dict[str, Any]) -> None:
    """Level by level and without recursion, because the depth is the sender's choice."""
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        inner: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                inner.extend(item.values())
            elif isinstance(item, list):
                inner.extend(item)
            elif isinstance(item, float) and not math.isfinite(item):
                raise PydanticCustomError("json_number", "Value must be valid JSON.")
        if not inner:
            return
        level = inner
    raise PydanticCustomError("json_depth", "Value is nested too deeply.")
