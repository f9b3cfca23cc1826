"""Three servers, every event kept three times: one may fail at any moment, and all may, without a loss."""

import asyncio
import signal
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import func, select

from libs.common.outbox import outbox
from libs.common.provision import stream_config
from tests.faults.small.cluster import Cluster, Member
from tests.faults.small.mesh import SmallMesh
from tests.mesh import until

KILLS = 1
HEAVY = 100_000
"""Bytes: some of these fill the buffers of a connection on which nobody reads."""
NEWEST = select(func.max(outbox.c.id))
NEWEST_PUBLISHED = NEWEST.where(outbox.c.published_at.is_not(None))
pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]


@pytest.fixture
async def three(small: SmallMesh) -> AsyncIterator[Cluster]:
    """The small mesh on a cluster, its stream in three copies."""
    cluster = Cluster(small.folder / "cluster")
    cluster.start()
    small.bus.kill()
    small.bus = cluster  # type: ignore[assignment]
    # A cluster that has just begun may still be choosing who decides.
    await until(lambda: _provided(small), 20)
    yield cluster


async def test_servers_are_killed(small: SmallMesh, three: Cluster) -> None:
    """F26, H7: the leader; then two of three, so that nothing can be decided; then all at once."""
    tellers = [await small.teller(EVENT_STREAM_REPLICAS="3") for _ in range(2)]
    async with small.under_load(*tellers, pause=0.2) as told:
        for _ in range(KILLS):
            leader = await _leader(three)
            leader.kill()
            await _published_more(small)
            leader.start()
            await _well(three)

        for victims in (three.members[:2], three.members):
            for member in victims:
                member.kill()
            await small.writes_go_on()
            assert await small.unpublished() > 0
            for member in victims:
                member.start()
            await _well(three)
            await _published_more(small)
    assert told.refused == []
    assert await small.violations() == []
    assert await small.messages() == await small.recorded()


async def test_a_server_is_halted_while_it_is_written_to(small: SmallMesh, three: Cluster) -> None:
    """F10, H5: a half-open connection full of unsent data is cut, and another server is gone to."""
    teller = await small.teller(EVENT_STREAM_REPLICAS="3")
    await small.write(teller)
    await small.at_rest()
    at = _connected_to(teller.seen.net_connections("tcp"), three)
    at.signal(signal.SIGSTOP)
    try:
        for person in small.people[:8]:
            await small.write(teller, person, times=20, weight=HEAVY)
        began = asyncio.get_running_loop().time()
        await until(lambda: _all_published(small), 60)
        assert asyncio.get_running_loop().time() - began < 60
    finally:
        at.signal(signal.SIGCONT)
    await _well(three)
    assert await small.violations() == []
    assert await small.messages() == await small.recorded()


def _connected_to(connections: list[object], three: Cluster) -> Member:
    peers = {connection.raddr.port for connection in connections if connection.raddr}  # type: ignore[attr-defined]
    return next(member for member in three.members if member.port in peers)


async def _provided(small: SmallMesh) -> bool:
    try:
        await small.provide(stream_config(replicas=3))
    except Exception:
        return False
    return True


async def _all_published(small: SmallMesh) -> bool:
    return await small.unpublished() == 0


async def _published_more(small: SmallMesh) -> None:
    """Waits until an event is published that was written from now on."""
    async with small.database.reading() as session:
        newest = await session.scalar(NEWEST)

    async def there_is_a_newer_one() -> bool:
        async with small.database.reading() as session:
            return (await session.scalar(NEWEST_PUBLISHED) or 0) > (newest or 0)

    await until(there_is_a_newer_one, 30)


async def _leader(three: Cluster) -> Member:
    async def is_chosen() -> bool:
        return await asyncio.to_thread(three.leader) is not None

    await until(is_chosen, 20)
    found = three.leader()
    assert found is not None
    return found


async def _well(three: Cluster) -> None:
    async def is_well() -> bool:
        return await asyncio.to_thread(three.is_well)

    await until(is_well, 30)
