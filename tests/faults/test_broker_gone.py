"""The bus is killed, away, or not there yet: writes go on, and what they told arrives as soon as it can."""

import asyncio
import random
import signal
import time

import psutil

from libs.common.bus import Bus
from tests.faults.small.mesh import SmallMesh
from tests.mesh import until

KILLS = 15
ENDED = (0, -signal.SIGTERM)
"""What the server leaves with: it raises the signal anew when everything is closed."""
AWAY_SECONDS = 6.0
"""Longer than what the client would wait by its defaults, scaled: those are asserted by themselves."""


async def test_the_bus_is_killed_fifteen_times(small: SmallMesh) -> None:
    """F6: what it has acknowledged it still has, every time; no write is refused."""
    tellers = [await small.teller(), await small.teller()]
    async with small.under_load(*tellers) as told:
        for _ in range(KILLS):
            await asyncio.sleep(random.uniform(0.1, 0.7))
            small.bus.kill()
            small.bus.start()
    assert told.refused == []
    assert await small.violations() == []
    assert await small.messages() == await small.recorded()


def test_a_connection_is_never_given_up() -> None:
    """F7, H4: the client's defaults end after sixty tries of two seconds, and find a dead peer after minutes."""
    options = Bus("nats://127.0.0.1:4222", name="scratch").broker._connection_kwargs
    assert options["max_reconnect_attempts"] == -1
    assert options["reconnect_time_wait"] <= 2
    assert options["ping_interval"] * options["max_outstanding_pings"] <= 20


async def test_the_bus_is_away_for_a_while(small: SmallMesh) -> None:
    """F7, H4: writes are acknowledged and health answers all the while; afterwards everything arrives in seconds."""
    teller = await small.teller()
    await small.write(teller)
    await small.at_rest()
    small.bus.kill()
    slowest, until_then = 0.0, time.monotonic() + AWAY_SECONDS
    began, spent = time.monotonic(), _cpu(teller.seen)
    while time.monotonic() < until_then:
        asked = time.monotonic()
        assert await small.answers(teller, "/health/") and await small.answers(teller, "/ready/")
        slowest = max(slowest, time.monotonic() - asked)
        await asyncio.sleep(0.25)
    busy = (_cpu(teller.seen) - spent) / (time.monotonic() - began)
    for _ in range(20):
        await small.write(teller)
    assert slowest < 2
    assert busy < 0.2
    assert await small.unpublished() >= 20

    async def it_is_said() -> bool:
        measured = await small.metrics_of(teller)
        return measured["bus_connected"] == 0 and measured["outbox_waiting"] >= 20

    await until(it_is_said, 5)
    small.bus.start()
    await small.at_rest(10)
    assert await small.violations() == []


async def test_the_bus_is_not_there_yet(small: SmallMesh) -> None:
    """F8, H23: without a bus a service starts, is ready and takes writes; they are told when the bus is there."""
    small.bus.kill()
    teller = await small.teller()
    await small.write(teller)
    small.bus.start()
    await small.at_rest(10)
    assert await small.violations() == []


async def test_a_process_ends_in_good_order_without_the_bus(small: SmallMesh) -> None:
    """F9: SIGTERM while the bus is away: the process is gone in seconds, and so are its database connections."""
    never, once = await small.teller(), await small.teller()
    await small.write(once)
    await small.at_rest()
    small.bus.kill()
    late = await small.teller()
    for teller in (never, once, late):
        await small.write(teller)
    for teller in (never, once, late):
        teller.signal(signal.SIGTERM)
    for teller in (never, once, late):
        assert await teller.ended(30) in ENDED
        assert "Traceback" not in teller.log.read_text()
    assert await small.backends() == 0
    small.bus.start()
    await small.teller()
    assert await small.violations() == []


async def test_a_process_is_asked_to_end_at_work(small: SmallMesh) -> None:
    """H24: requests and events in hand are finished, or done by the other one; nothing waits for a lost delivery."""
    leaving, other = await small.teller(), await small.teller()
    async with small.under_load(leaving, other) as told:
        await small.writes_go_on()
        leaving.signal(signal.SIGTERM)
        assert await leaving.ended(30) in ENDED
        await small.writes_go_on()
    assert told.refused == []
    assert "Traceback" not in leaving.log.read_text()
    assert await small.violations() == []
    assert await small.answers(other)


def _cpu(process: psutil.Process) -> float:
    """Seconds of CPU so far."""
    times = process.cpu_times()
    return float(times.user + times.system)
