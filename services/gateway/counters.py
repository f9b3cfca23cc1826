"""Where the rate limits keep their counts: a storage for the `limits` library that all gateways share (ADR 0005).

The library's own memory storage walks all its keys in a new task at every hit; with an address per key that is the
most expensive line of a request. And its shared ones are asked over the network at every hit.
"""

import time
from collections.abc import Collection
from hashlib import blake2b

from limits.aio.storage import Storage

from services.gateway.shared_counts import SharedCounts


class SharedCounters(Storage):
    """Fixed windows. The counts of `strict` kinds of budgets agree with the other gateways before they are given."""

    STORAGE_SCHEME = ["biologidex+nats"]  # noqa: RUF012 - the library's own declaration

    def __init__(self, counts: SharedCounts, *, strict: Collection[str]) -> None:
        super().__init__()
        self._counts = counts
        self._strict = strict

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Counts `amount`; the first count of a key opens its window of `expiry` seconds."""
        if kind_of(key) in self._strict:
            return await self._counts.add_in_order(name_of(key), expiry, amount)
        return self._counts.add(name_of(key), expiry, amount)

    async def get(self, key: str) -> int:
        window = self._counts.windows.find(name_of(key), time.time())
        return window.total if window else 0

    async def get_expiry(self, key: str) -> float:
        now = time.time()
        window = self._counts.windows.find(name_of(key), now)
        return window.ends if window else now

    async def check(self) -> bool:
        """Always there: without the bus this gateway counts for itself."""
        return True

    async def reset(self) -> int:
        """Forgets all counts, at this gateway only."""
        return self._counts.windows.clear()

    async def clear(self, key: str) -> None:
        """Forgets one count, at this gateway only."""
        self._counts.windows.drop(name_of(key))


def kind_of(key: str) -> str:
    """The first identifier of a key of the library's: `LIMITER/<kind>/<who>/<amount>/<multiples>/<unit>`."""
    return key.split("/", 2)[1]


def name_of(key: str) -> str:
    """How the gateways call a key among themselves: a third as long, and without the address written out."""
    return blake2b(key.encode(), digest_size=12).hexdigest()
