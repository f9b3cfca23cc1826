"""What an outside service was asked and what it billed, as it has written it down itself (docs/checker.md)."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from libs.common.recovery.history import Unreadable


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it came in: when, about which bytes (sha256 in hex), under which key, and what became of it."""

    at: float
    sha256: str
    key: str | None
    is_billed: bool
    is_answered: bool

    @classmethod
    def of(cls, given: dict[str, Any]) -> Self:
        return cls(
            at=float(given["at"]),
            sha256=str(given["sha256"]),
            key=given.get("idempotency_key"),
            is_billed=bool(given["billed"]),
            is_answered=bool(given.get("answered", given["billed"])),
        )


@dataclass(frozen=True, slots=True)
class Ledger:
    """All calls; `spare` of those that were billed may be repetitions, because somebody was killed inside a call."""

    calls: tuple[Call, ...]
    spare: int = 0

    @property
    def billed(self) -> list[Call]:
        return [call for call in self.calls if call.is_billed]

    @classmethod
    def read(cls, path: Path, *, spare: int = 0) -> Self:
        """Raises:
        Unreadable: which line is not of the format.
        """
        calls = []
        for number, text in enumerate(path.read_text().splitlines(), start=1):
            if not text.strip():
                continue
            try:
                calls.append(Call.of(json.loads(text)))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise Unreadable(f"line {number} of the ledger: {type(error).__name__}: {error}") from None
        return cls(tuple(calls), spare)
