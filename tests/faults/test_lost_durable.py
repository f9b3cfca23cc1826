"""Somebody deletes what the bus remembers of a consumer: it is noticed, said, and made again."""

import asyncio

from libs.common import watchdog
from libs.common.bus import STREAM
from tests.faults.small.clocks import WATCHDOG_SECONDS
from tests.faults.small.mesh import SmallMesh
from tests.faults.small.teller import handlers
from tests.mesh import until

PROMISED_SECONDS = 30.0
PRODUCTION_LOOKS = watchdog.LOOK_SECONDS


async def test_durables_are_deleted_under_load(small: SmallMesh) -> None:
    """F11: within two looks of the watchdog they are there again and have been given everything, and nobody spins."""
    assert 2 * PRODUCTION_LOOKS <= PROMISED_SECONDS
    tellers = [await small.teller(), await small.teller()]
    async with small.under_load(*tellers), small.log() as js:
        await small.writes_go_on()
        for handler in handlers.all:
            assert await js.delete_consumer(STREAM, handler.durable)

        async def are_back() -> bool:
            there = {info.name for info in await js.consumers_info(STREAM)}
            return {handler.durable for handler in handlers.all} <= there

        await until(are_back, 2 * WATCHDOG_SECONDS + 3)
        await small.writes_go_on()
    said = "".join(teller.log.read_text() for teller in tellers)
    assert "watchdog.durables_missing" in said
    assert await small.violations() == []

    before = [teller.seen.cpu_times() for teller in tellers]
    await asyncio.sleep(1.0)
    for teller, then in zip(tellers, before, strict=True):
        now = teller.seen.cpu_times()
        assert now.user + now.system - then.user - then.system < 0.2
        missing = {
            name: value for name, value in (await small.metrics_of(teller)).items() if "consumer_missing" in name
        }
        assert len(missing) == 2 and not any(missing.values())
