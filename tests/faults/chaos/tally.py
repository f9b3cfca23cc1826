"""What is counted during a run, and what nobody may answer."""

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

FINE: Final = frozenset({200, 201, 204, 304, 429, 503, 504})
"""Statuses that any request may meet while things break; 503 and 429 say when to come back (H1, G9)."""
EXAMPLES: Final = 30


@dataclass
class Tally:
    """Figures of one run."""

    statuses: Counter[str] = field(default_factory=Counter)
    """Answers by status; `no answer` where the connection was refused or broke."""
    writes: Counter[str] = field(default_factory=Counter)
    """Writes by what became of them: `acknowledged`, `refused`, `unknown`, `postponed` (nobody was free)."""
    faults: Counter[str] = field(default_factory=Counter)
    surprises: Counter[str] = field(default_factory=Counter)
    """What may not happen, in words, with how often it did."""
    seconds: list[float] = field(default_factory=list)
    """How long acknowledged writes took, repeats and their pauses included."""
    job_seconds: list[float] = field(default_factory=list)
    began: float = field(default_factory=time.time)

    def surprise(self, what: str) -> None:
        """Notes something that may not happen."""
        if what in self.surprises or len(self.surprises) < EXAMPLES:
            self.surprises[what] += 1
        else:
            self.surprises["and more of other kinds"] += 1
