"""The client's `last_sync`, which may have lost a plus sign on its way (contract D12, D15). Pure functions."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

ISO: Final = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:[T ](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,](\d{1,6})\d*)?)?(?:Z|([+-])(\d{2}):?(\d{2})?)?)?",
    re.IGNORECASE | re.ASCII,
)
MAX_LENGTH: Final = 64
DATE_LENGTH: Final = 10


class NotIso(ValueError):
    """It does not look like an ISO 8601 date at all."""


class Impossible(ValueError):
    """It looks like a date that no calendar has; the text says why."""


def parse_last_sync(value: str) -> datetime | None:
    """The moment meant, in UTC (naive is UTC); None when it is empty, which asks for everything.

    Raises:
        NotIso, Impossible
    """
    text = value.strip()
    if not text:
        return None
    # A plus sign that nobody encoded arrives as a space; the one between date and time may be meant.
    text = text[: DATE_LENGTH + 1] + text[DATE_LENGTH + 1 :].replace(" ", "+")
    match = ISO.fullmatch(text) if len(text) <= MAX_LENGTH else None
    if match is None:
        raise NotIso(value)
    year, month, day, hour, minute, second = (int(match[group] or 0) for group in range(1, 7))
    microsecond = int((match[7] or "0").ljust(6, "0"))
    try:
        zone = _zone(match[8], int(match[9] or 0), int(match[10] or 0))
        return datetime(year, month, day, hour, minute, second, microsecond, zone).astimezone(UTC)
    except OverflowError:
        raise Impossible("date value out of range") from None
    except ValueError as error:
        # Newer Pythons add the value that was given: "month must be in 1..12, not 13".
        raise Impossible(str(error).partition(", not")[0]) from None


def _zone(sign: str | None, hours: int, minutes: int) -> timezone:
    if hours > 23 or minutes > 59:
        raise ValueError("offset must be in -23:59..+23:59")
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if sign == "-" else offset)
