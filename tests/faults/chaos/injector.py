"""Strikes as the schedule says, and knows afterwards what it has struck."""

import asyncio
import time
from collections.abc import Callable, Sequence

from tests.faults.chaos.model import ChaosModel
from tests.faults.chaos.place import Place
from tests.faults.chaos.schedule import Fault
from tests.faults.chaos.strokes import Strokes

LOOK_SECONDS = 0.02


class Injector:
    """Faults may overlap; none of one kind and target waits for another."""

    def __init__(self, strokes: Strokes, say: Callable[[Fault], None]) -> None:
        self._strokes = strokes
        self._say = say

    async def run(self, faults: Sequence[Fault]) -> None:
        """Returns when the last one is over."""
        began = time.monotonic()
        async with asyncio.TaskGroup() as going_on:
            for fault in faults:
                await asyncio.sleep(max(0.0, began + fault.at - time.monotonic()))
                self._say(fault)
                going_on.create_task(self._strokes.strike(fault))


class WorkerWatch:
    """Notes each death of the vision worker, and how many paid calls it was in the middle of."""

    def __init__(self, place: Place, model: ChaosModel) -> None:
        self._place, self._model = place, model
        self.deaths = 0
        self.inside_a_call = 0

    async def run(self) -> None:
        """Until cancelled."""
        known = None
        while True:
            worker = self._place.process("vision-worker")
            if known is not None and (worker is None or worker.pid != known.pid):
                self.deaths += 1
                self.inside_a_call += self._model.inside(time.time())
            known = worker
            await asyncio.sleep(LOOK_SECONDS)
