"""Counts in fixed windows that several gateways add to: each knows its own part and what the others told. Pure."""

from dataclasses import dataclass, field
from typing import Final

SWEEP_SECONDS: Final = 10.0
MAX_KEYS: Final = 200_000


@dataclass(slots=True)
class Window:
    """The count of one key until `ends` (Unix seconds); then it starts again at zero."""

    ends: float
    mine: int = 0
    others: dict[str, int] = field(default_factory=dict)
    """What each of the other gateways has counted, as far as it told."""

    @property
    def elsewhere(self) -> int:
        return sum(self.others.values())

    @property
    def total(self) -> int:
        return self.mine + self.elsewhere


class Windows:
    """The running windows by key. The first count of a key opens its window, at whichever gateway that is."""

    def __init__(self) -> None:
        self._windows: dict[str, Window] = {}
        self._sweep_at = 0.0

    def add(self, key: str, seconds: float, amount: int, now: float) -> Window:
        """Counts `amount` here; a new window lasts `seconds`."""
        window = self._running(key, now + seconds, now)
        window.mine += amount
        return window

    def hear(self, gateway: str, key: str, ends: float, count: int, now: float) -> None:
        """Takes all that another gateway has counted in its window; twice, late or out of order it is the same.

        Gateways that opened a window at the same time agree on the earlier end. So nobody waits longer than one window,
        and a clock that is a little late cannot carry a full count over into the next.
        """
        if ends <= now:
            return
        window = self._running(key, ends, now)
        window.ends = min(window.ends, ends)
        window.others[gateway] = max(window.others.get(gateway, 0), count)

    def find(self, key: str, now: float) -> Window | None:
        """The key's window, if one is running."""
        window = self._windows.get(key)
        return window if window is not None and window.ends > now else None

    def mine(self, now: float) -> list[str]:
        """The keys that this gateway has counted itself."""
        return [key for key, window in self._windows.items() if window.mine and window.ends > now]

    def drop(self, key: str) -> None:
        """Forgets one key."""
        self._windows.pop(key, None)

    def clear(self) -> int:
        """Forgets everything; returns how many keys there were."""
        count = len(self._windows)
        self._windows.clear()
        return count

    def _running(self, key: str, ends: float, now: float) -> Window:
        window = self.find(key, now)
        if window is None:
            if now > self._sweep_at or len(self._windows) >= MAX_KEYS:
                self._sweep(now)
            window = self._windows[key] = Window(ends)
        return window

    def _sweep(self, now: float) -> None:
        self._sweep_at = now + SWEEP_SECONDS
        self._windows = {key: window for key, window in self._windows.items() if window.ends > now}
        # Under an attack from more addresses than that, the oldest windows go first.
        for key in list(self._windows)[: max(0, len(self._windows) - MAX_KEYS // 2)]:
            del self._windows[key]
