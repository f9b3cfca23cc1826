"""What was asked and what failed."""

import time
from collections import Counter
from dataclasses import dataclass, field

READS = ("GET", "HEAD")


@dataclass
class Tally:
    """Requests by method, and every one that did not succeed, with the second in which it was sent."""

    began: float = field(default_factory=time.monotonic)
    asked: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """What is not as it was acknowledged, looked at after everything has come to rest."""

    def note(self, method: str, path: str, came: int | str, began: float) -> None:
        """One request; `came` is its status, or the name of what was raised instead."""
        self.asked[method] += 1
        self.seconds.append(time.monotonic() - began)
        if came in (200, 201):
            return
        line = f"{began - self.began:6.1f} s: {method} {path}: {came}"
        (self.failed if method in READS else self.lost).append(line)

    @property
    def requests(self) -> int:
        return sum(self.asked.values())
