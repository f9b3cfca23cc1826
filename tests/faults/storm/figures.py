"""What a thousand games saw, second by second: offered, answered, and how long until all was as before."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

WINDOW_SECONDS = 3.0
MOST_OFFERED = 1.2
LEAST_ANSWERED = 0.8
"""Of the usual load: what counts as usual again."""


class Attempt(NamedTuple):
    """One request of one game; status 0 where no answer came."""

    game: int
    began: float
    took: float
    status: int
    says_when: bool
    method: str
    is_repeat: bool

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300

    @property
    def ended(self) -> float:
        return self.began + self.took


class Figures:
    """Of one storm: before, in and after the break."""

    def __init__(self, attempts: Sequence[Attempt]) -> None:
        self.attempts = attempts

    def offered(self, since: float, until: float) -> float:
        """Requests a second that were begun, repeated ones among them."""
        return sum(since <= each.began < until for each in self.attempts) / (until - since)

    def repeated(self, since: float, until: float) -> float:
        return sum(each.is_repeat and since <= each.began < until for each in self.attempts) / (until - since)

    def answered(self, since: float, until: float) -> float:
        """Goodput: requests a second that succeeded."""
        return sum(each.is_good and since <= each.ended < until for each in self.attempts) / (until - since)

    def statuses(self, since: float, until: float) -> Counter[int]:
        """Of the requests begun then."""
        return Counter(each.status for each in self.attempts if since <= each.began < until)

    def back_after(self, since: float, until: float, usual: float) -> float:
        """Seconds from `since` to the end of the last window in which the load or the goodput was not the usual one."""
        back, start = 0.0, since
        while start + WINDOW_SECONDS <= until:
            offered, answered = (count(start, start + WINDOW_SECONDS) for count in (self.offered, self.answered))
            if offered > MOST_OFFERED * usual or answered < LEAST_ANSWERED * usual:
                back = start + WINDOW_SECONDS - since
            start += 1
        return back

    def line(self, name: str, since: float, until: float) -> str:
        """For people."""
        statuses = ", ".join(f"{status}: {count}" for status, count in sorted(self.statuses(since, until).items()))
        took = sorted(each.took for each in self.attempts if each.is_good and since <= each.began < until)
        middle = f"{took[len(took) // 2] * 1000:.0f} ms" if took else "-"
        return (
            f"{name}, {until - since:.0f} s: offered {self.offered(since, until):.1f}/s "
            f"({self.repeated(since, until):.1f}/s repeated), answered {self.answered(since, until):.1f}/s "
            f"(half of them within {middle}); {statuses}"
        )
