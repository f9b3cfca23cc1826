"""Where the rate limits keep their counts: a storage for the `limits` library, in this process.

The library's own memory storage walks all its keys in a new task at every hit; with an address per key that is the
most expensive line of a request. This one forgets what has expired once in a while. A storage that gateways share
takes its place by implementing the same six methods.
"""

import time
from typing import Final

from limits.aio.storage import Storage

SWEEP_SECONDS: Final = 10.0
MAX_KEYS: Final = 200_000


class LocalCounters(Storage):
    """Fixed windows: each key has a count and the time (Unix seconds) when it starts again at zero."""

    STORAGE_SCHEME = ["biologidex+local"]  # noqa: RUF012 - the library's own declaration

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, **options: float | str | bool) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions, **options)
        self._windows: dict[str, tuple[int, float]] = {}
        self._sweep_at = 0.0

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Counts `amount`; the first count of a key opens its window of `expiry` seconds."""
        now = time.time()
        if now > self._sweep_at or len(self._windows) >= MAX_KEYS:
            self._sweep(now)
        count, ends = self._windows.get(key, (0, 0.0))
        if ends <= now:
            count, ends = 0, now + expiry
        self._windows[key] = (count + amount, ends)
        return count + amount

    async def get(self, key: str) -> int:
        count, ends = self._windows.get(key, (0, 0.0))
        return count if ends > time.time() else 0

    async def get_expiry(self, key: str) -> float:
        return self._windows.get(key, (0, time.time()))[1]

    async def check(self) -> bool:
        return True

    async def reset(self) -> int:
        count = len(self._windows)
        self._windows.clear()
        return count

    async def clear(self, key: str) -> None:
        self._windows.pop(key, None)

    def _sweep(self, now: float) -> None:
        self._sweep_at = now + SWEEP_SECONDS
        self._windows = {key: window for key, window in self._windows.items() if window[1] > now}
        # Under an attack from more addresses than that, the oldest windows go first.
        for key in list(self._windows)[: max(0, len(self._windows) - MAX_KEYS // 2)]:
            del self._windows[key]
