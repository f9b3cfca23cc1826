"""JSON that strangers wrote: read to a bounded depth, and fit to be kept (hardening 2B 38-50). Pure."""

from collections.abc import Iterable
from typing import Any, Final

import orjson
from pydantic_core import PydanticCustomError

MAX_DEPTH: Final = 32
UNSAFE_TEXT: Final = PydanticCustomError("unsafe_text", "Null characters are not allowed.")
NOT_JSON: Final = PydanticCustomError("json", "Value must be valid JSON.")


class NotJson(ValueError):
    """The text is no JSON, or is nested too deeply; the text says which."""


def read_json(text: str | bytes) -> Any:
    """The value that `text` stands for: a number that is none, half a character, too deep a nest are no JSON.

    Of a key that comes twice the last one counts, everywhere.

    Raises:
        NotJson
    """
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise NotJson(str(error)) from None
    if is_deeper(value, MAX_DEPTH):
        raise NotJson(f"nested deeper than {MAX_DEPTH} levels")
    return value


def from_text(value: Any) -> Any:
    """A JSON value that may have come as its text: a form has no other way to carry one.

    Raises:
        PydanticCustomError: text that is no JSON.
    """
    if not isinstance(value, str):
        return value
    try:
        return read_json(value)
    except NotJson:
        raise NOT_JSON from None


def keepable(value: Any, *, max_bytes: int) -> Any:
    """The value itself, if it may be kept as it is.

    Raises:
        PydanticCustomError: unsafe text, a deep nest, or too much of it.
    """
    if not is_safe(value):
        raise UNSAFE_TEXT
    try:
        size = -1 if is_deeper(value, MAX_DEPTH) else len(orjson.dumps(value))
    except (TypeError, orjson.JSONEncodeError):
        size = -1
    if size < 0:
        raise NOT_JSON
    if size > max_bytes:
        raise PydanticCustomError(
            "json_size", "Ensure this field has no more than {limit} bytes.", {"limit": max_bytes}
        )
    return value


def is_safe_text(text: str) -> bool:
    """Whether PostgreSQL and UTF-8 can carry `text`: no NUL, no lone surrogate."""
    if "\x00" in text:
        return False
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def is_safe(value: Any) -> bool:
    """Whether all text in a parsed value is safe; without recursion, because its depth is the sender's choice."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            if not is_safe_text(item):
                return False
        elif isinstance(item, dict):
            waiting.extend(item.keys())
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
    return True


def is_deeper(value: Any, levels: int) -> bool:
    """Whether a parsed value has more than `levels` levels of lists and objects; without recursion, too."""
    layer: list[Any] = [value]
    for _ in range(levels):
        layer = [child for item in layer for child in _inner(item)]
        if not layer:
            return False
    return True


def _inner(item: Any) -> Iterable[Any]:
    """What may hold something again, one level further in."""
    if isinstance(item, dict):
        return (child for child in item.values() if isinstance(child, dict | list))
    if isinstance(item, list):
        return (child for child in item if isinstance(child, dict | list))
    return ()
