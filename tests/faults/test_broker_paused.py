"""The bus is halted, its sockets open: nobody who writes waits for it."""

import signal
import time

from tests.faults.small.mesh import SmallMesh


async def test_writes_go_on_while_the_bus_is_halted(small: SmallMesh) -> None:
    """H5: a request never waits for the bus; when it goes on everything arrives, once."""
    tellers = [await small.teller(), await small.teller()]
    async with small.under_load(*tellers, pause=0.05) as told:
        await small.writes_go_on()
        small.bus.signal(signal.SIGSTOP)
        began = time.monotonic()
        await small.writes_go_on(40)
        assert time.monotonic() - began < 10
        waiting = await small.unpublished()
        small.bus.signal(signal.SIGCONT)
    assert waiting > 0
    assert told.refused == []
    assert await small.violations() == []
    assert await small.messages() == await small.recorded()
