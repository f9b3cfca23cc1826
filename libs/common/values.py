"""Values as they come in and go out: safe text, points in time, decimals (contract G2, G5)."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from libs.common.json_values import UNSAFE_TEXT, is_safe

DATETIME_FORMATS = "YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]"


def now() -> datetime:
    """The present, in UTC."""
    return datetime.now(UTC)


class Input(BaseModel):
    """Base of what a route takes: strings trimmed, unsafe text refused, unknown keys ignored."""

    model_config = ConfigDict(str_strip_whitespace=True, extra="ignore", arbitrary_types_allowed=True)

    @model_validator(mode="before")
    @classmethod
    def _only_safe_text(cls, data: Any) -> Any:
        if isinstance(data, dict) and (unsafe := [name for name in data if not is_safe(data[name])]):
            # By field, not for the body: the client shows arrays by field.
            raise ValidationError.from_exception_data(
                cls.__name__,
                [InitErrorDetails(type=UNSAFE_TEXT, loc=(str(name),), input="…") for name in unsafe],
            )
        return data


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


_NUMERAL: Final = re.compile(r"[+-]?(?:[0-9]{1,50}(?:\.[0-9]{0,50})?|\.[0-9]{1,50})(?:[eE][+-]?[0-9]{1,3})?")


def _plain(sentence: str) -> BeforeValidator:
    """Python takes `True`, `1_0` and digits of any script for numbers; nobody who means one sends them."""

    def check(value: Any) -> Any:
        if isinstance(value, bool) or (isinstance(value, str) and not _NUMERAL.fullmatch(value.strip())):
            raise PydanticCustomError("number", sentence)
        return value

    return BeforeValidator(check)


Numeric: Final = _plain("A valid number is required.")
"""For numbers as they come in: JSON's own, or their text in forms."""
Integral: Final = _plain("A valid integer is required.")
"""The same for whole numbers."""
