"""Several processes of one service: whom to ask next, and whom to leave alone for a while (docs/decisions/0014).

An address may be a comma separated list (`DEX_URL=http://a:8003,http://b:8003`). A name that stands for several
addresses in DNS is one instance here: the HTTP clients try all addresses of a name by themselves.
"""

import time
from collections.abc import Sequence
from typing import Final

LEAVING_SECONDS: Final = 10.0
"""How long nobody goes to one that has said that it leaves, as long as there is another."""
AWAY_SECONDS: Final = 1.0
MOST_ATTEMPTS: Final = 3


class Instance:
    """One of them, by its private address without a slash at the end."""

    __slots__ = ("address", "alone_until")

    def __init__(self, address: str) -> None:
        self.address = address
        self.alone_until = 0.0

    def leaves(self) -> None:
        """It has said so itself; it still answers, so a request that meets it is not lost."""
        self.alone_until = time.monotonic() + LEAVING_SECONDS

    def is_away(self) -> None:
        """Nobody listened there just now."""
        self.alone_until = max(self.alone_until, time.monotonic() + AWAY_SECONDS)


class Instances:
    """All instances of one service."""

    def __init__(self, addresses: str) -> None:
        self.all: Sequence[Instance] = tuple(Instance(address) for address in split(addresses))
        self._turn = 0

    def in_turn(self) -> Sequence[Instance]:
        """Whom to try, in this order: everybody once, in turns; those to be left alone last.

        A single one is tried twice: behind its name there may be others, or it is just being started again.
        """
        if len(self.all) == 1:
            return (self.all[0], self.all[0])
        self._turn = (self._turn + 1) % max(1, len(self.all))
        now, turned = time.monotonic(), [*self.all[self._turn :], *self.all[: self._turn]]
        return sorted(turned, key=lambda one: max(0.0, one.alone_until - now))[:MOST_ATTEMPTS]


def split(addresses: str) -> list[str]:
    """The addresses of a comma separated list, each without a slash at its end."""
    return [address.strip().rstrip("/") for address in addresses.split(",") if address.strip()]
