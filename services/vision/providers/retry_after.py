"""How long a provider asks to be left alone (`Retry-After`, RFC 9110 §10.2.3). Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

LONGEST_SECONDS: Final = 60.0
"""The player's client gives a job up after two minutes; who asks for more is asked once more all the same."""


def retry_after(headers: Mapping[str, str], moment: datetime) -> float:
    """Seconds from `moment`, between 0 and `LONGEST_SECONDS`; 0 where nothing readable is said."""
    said = headers.get("retry-after", "").strip()
    seconds = float(said) if said.isdecimal() and said.isascii() and len(said) < 10 else _until(said, moment)
    return min(max(seconds, 0.0), LONGEST_SECONDS)


def _until(said: str, moment: datetime) -> float:
    try:
        due = parsedate_to_datetime(said)
    except (ValueError, TypeError):
        return 0.0
    return ((due if due.tzinfo else due.replace(tzinfo=UTC)) - moment).total_seconds()
