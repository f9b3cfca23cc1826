"""How many requests of one address are answered at once (contract G9, optional)."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from libs.common.errors import Throttled

RETRY_AFTER_SECONDS: Final = 1


class Crowding:
    """Counts those at work, in this gateway alone: another one's connections are its own to bear."""

    def __init__(self, limit: int) -> None:
        """`limit` 0: any number."""
        self._limit = limit
        self._at_work: Counter[str] = Counter()

    @contextmanager
    def enter(self, address: str) -> Iterator[None]:
        """Raises:
        Throttled: 429, as many of this address are being answered already.
        """
        if not self._limit:
            yield
            return
        if self._at_work[address] >= self._limit:
            raise Throttled(RETRY_AFTER_SECONDS)
        self._at_work[address] += 1
        try:
            yield
        finally:
            self._at_work[address] -= 1
            if not self._at_work[address]:
                del self._at_work[address]
