"""Slow consumers, more of them, none, and again some: the rest is done by whoever is there."""

import asyncio

from libs.common.bus import STREAM
from tests.faults.small.mesh import SmallMesh
from tests.faults.small.teller import ONLY, SLOWNESS, many, single
from tests.mesh import until

EVENTS = 400
SLOW = {SLOWNESS: "0.02", ONLY: "single"}


async def test_workers_come_and_go(small: SmallMesh) -> None:
    """F17, H8: one, three, none, two workers of a slow handler: every event has its effect once, others do not wait."""
    fast = await small.teller(**{ONLY: "many"})
    workers = [await small.teller(**SLOW)]
    for person in small.people[:8]:
        await small.write(fast, person, times=EVENTS // 8)

    async with small.log() as js:

        async def waiting(durable: str) -> int:
            info = await js.consumer_info(STREAM, durable)
            return (info.num_pending or 0) + (info.num_ack_pending or 0)

        async def others_are_done() -> bool:
            return await waiting(many.all[0].durable) == 0 and await small.unpublished() == 0

        await until(others_are_done)
        assert await waiting(single.all[0].durable) > 0, "the slow one should not be done yet"
        workers += [await small.teller(**SLOW) for _ in range(2)]
        for worker in workers:
            worker.kill()
        left = await waiting(single.all[0].durable)
        assert left > 0
        await asyncio.sleep(0.3)
        assert await waiting(single.all[0].durable) == left
    for _ in range(2):
        await small.teller(**{ONLY: "single"})
    assert await small.violations() == []
