"""Values as they come in and go out: safe text, points in time, decimals (contract G2, G5)."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, model_validator
from pydantic_core import PydanticCustomError

DATETIME_FORMATS = "YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]"


def now() -> datetime:
    """The present, in UTC."""
    return datetime.now(UTC)


def is_safe_text(text: str) -> bool:
    """Whether PostgreSQL and UTF-8 can carry `text`: no NUL, no lone surrogate."""
    if "\x00" in text:
        return False
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def _check_text(value: Any) -> None:
    """Walks a parsed body without recursion, because its depth is the sender's choice."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            if not is_safe_text(item):
                raise PydanticCustomError("unsafe_text", "Null characters are not allowed.")
        elif isinstance(item, dict):
            waiting.extend(item.keys())
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)


class Input(BaseModel):
    """Base of what a route takes: strings trimmed, unsafe text refused, unknown keys ignored."""

    model_config = ConfigDict(str_strip_whitespace=True, extra="ignore", arbitrary_types_allowed=True)

    @model_validator(mode="wrap")
    @classmethod
    def _only_safe_text(cls, data: Any, handler: Any) -> Any:
        if isinstance(data, dict):
            unsafe = [key for key in data if not _is_safe(data[key])]
            if unsafe:
                # Blame the field, not the body: the client shows arrays by field.
                data = {**data, **dict.fromkeys(unsafe, UNSAFE)}
        return handler(data)


class _Unsafe:
    """Stands in for a value that no field accepts, so that the error carries the field's name."""


UNSAFE = _Unsafe()


def _is_safe(value: Any) -> bool:
    try:
        _check_text(value)
    except PydanticCustomError:
        return False
    return True


class Output(BaseModel):
    """Base of what a route gives; reads attributes of rows and mapped objects alike."""

    model_config = ConfigDict(from_attributes=True)


def _in_utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def as_instant(value: datetime) -> str:
    """A stored point in time: `2026-11-20T07:34:55.984090Z`, always six digits (contract G5)."""
    return as_offset(value).removesuffix("+00:00") + "Z"


def as_offset(value: datetime) -> str:
    """A computed point in time: `2026-11-20T07:34:57.756289+00:00`, always six digits (contract G5)."""
    return _in_utc(value).isoformat(timespec="microseconds")


def parse_moment(value: Any) -> datetime:
    """Reads ISO 8601 with `Z` or an offset; a naive time is UTC. Raises a field error otherwise."""
    if isinstance(value, datetime):
        return _in_utc(value)
    try:
        if not isinstance(value, str) or "T" not in value.upper().replace(" ", "T", 1):
            raise ValueError(value)
        return _in_utc(datetime.fromisoformat(value.strip()))
    except (ValueError, OverflowError):
        raise PydanticCustomError(
            "datetime_format",
            "Datetime has wrong format. Use one of these formats instead: {formats}.",
            {"formats": DATETIME_FORMATS},
        ) from None


Instant = Annotated[datetime, PlainSerializer(as_instant, return_type=str, when_used="json")]
Offset = Annotated[datetime, PlainSerializer(as_offset, return_type=str, when_used="json")]
Moment = Annotated[datetime, BeforeValidator(parse_moment)]
"""A point in time as it comes in."""


def fixed(scale: int) -> Any:
    """A decimal that goes out as a string with `scale` digits after the point."""
    quantum = Decimal(1).scaleb(-scale)
    return PlainSerializer(lambda value: str(Decimal(value).quantize(quantum)), return_type=str, when_used="json")


def _parse_uuid(value: Any) -> UUID:
    if isinstance(value, UUID):
        return value
    try:
        if not isinstance(value, str):
            raise ValueError(value)
        return UUID(value.strip())
    except ValueError:
        shown = value if isinstance(value, str) and len(value) <= 100 else "…"
        raise PydanticCustomError("uuid", "“{value}” is not a valid UUID.", {"value": shown}) from None


Uuid = Annotated[UUID, BeforeValidator(_parse_uuid)]
"""A UUID as it comes in; a bad one is answered in the contract's words."""
