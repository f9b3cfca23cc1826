"""How late an event loop is: whoever blocks it lets everybody wait, and no request tells who it was."""

import asyncio
import time
from collections import deque
from typing import Final

from libs.common import telemetry

TICK_SECONDS: Final = 0.5
KEPT: Final = 30
"""Ticks: who is asked every fifteen seconds would see only one in thirty of them."""


class Lateness:
    """The worst of the last ticks, for the metrics."""

    def __init__(self) -> None:
        self._last: deque[float] = deque(maxlen=KEPT)

    def note(self, seconds: float) -> None:
        """A tick came so much too late."""
        self._last.append(seconds)
        telemetry.loop_lag.set(max(self._last))


async def measure_lateness() -> None:
    """Ticks for as long as the process lives; services have a watchdog that does so, and does more."""
    lateness = Lateness()
    while True:
        asked = time.monotonic()
        await asyncio.sleep(TICK_SECONDS)
        lateness.note(time.monotonic() - asked - TICK_SECONDS)
