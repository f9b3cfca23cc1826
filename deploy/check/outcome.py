"""What came of one check."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Outcome:
    """`lines` are the findings of a check that failed, or in one line why it was skipped, or how much it looked at."""

    name: str
    state: Literal["good", "bad", "skipped"]
    lines: tuple[str, ...] = ()

    @classmethod
    def of(cls, name: str, findings: list[str], looked_at: str) -> "Outcome":
        return cls(name, "bad", tuple(findings)) if findings else cls(name, "good", (looked_at,))

    @classmethod
    def skipped(cls, name: str, why: str) -> "Outcome":
        return cls(name, "skipped", (why,))
