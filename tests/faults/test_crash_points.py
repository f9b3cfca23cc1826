"""A process is killed at any point between domain row, event, bus and copy: nothing is lost, nothing is doubled."""

import asyncio
import signal
from uuid import uuid4

import httpx
import pytest

from libs.common.provision import stream_config
from libs.common.recovery.places import Places
from libs.common.recovery.sweep import sweep
from tests.faults.small.mesh import SmallMesh
from tests.faults.small.teller import ONLY, SERVICE, many, single

RELAY = (
    "relay.after_select",
    "relay.mid_publish",
    "relay.mid_batch",
    "relay.after_ack_before_mark",
    "relay.after_mark_before_commit",
)
CONSUMER = ("consumer.before_commit", "consumer.after_commit_before_ack")
WINDOW_SECONDS = 0.5


async def test_a_kill_before_the_commit_leaves_nothing(small: SmallMesh) -> None:
    """F1, H3: the row is written, its event is not: both are absent afterwards."""
    armed, other = await small.teller(BUS_FAULT="api.after_domain_write:2"), await small.teller()
    ada, ben = uuid4(), uuid4()
    await small.write(armed, ada)
    with pytest.raises(httpx.HTTPError):
        await small.write(armed, ben)
    assert await armed.ended() == -signal.SIGKILL
    assert (await small.client.get(f"{other.url}/people/{ben}/")).status_code == 404
    assert await small.recorded() == 1
    assert await small.violations() == []


async def test_a_kill_after_the_commit_loses_only_the_answer(small: SmallMesh) -> None:
    """F2, H3: what is committed is told, by whichever relay is left, although its writer woke nobody any more."""
    armed, other = await small.teller(BUS_FAULT="api.after_commit:1"), await small.teller()
    ada = uuid4()
    with pytest.raises(httpx.HTTPError):
        await small.write(armed, ada)
    assert await armed.ended() == -signal.SIGKILL
    assert (await small.client.get(f"{other.url}/people/{ada}/")).json() == {"version": 1}
    assert await small.violations() == []
    assert await small.messages() == 1


@pytest.mark.parametrize("point", RELAY)
async def test_the_relay_is_killed(small: SmallMesh, point: str) -> None:
    """F3, H3: one of two relays is killed between outbox and bus; the other goes on with its rows, in order, once."""
    armed, other = await small.teller(BUS_FAULT=f"{point}:3"), await small.teller()
    async with small.under_load(armed, other):
        assert await armed.ended() == -signal.SIGKILL
        await small.writes_go_on()
    assert await small.violations() == []
    assert await small.messages() == await small.recorded()


async def test_what_is_published_again_after_the_bus_has_forgotten_changes_nothing(small: SmallMesh) -> None:
    """F4: the bus knows repeats for ten minutes (here half a second); later ones are in the log twice, harmlessly."""
    config = stream_config()
    config.duplicate_window = WINDOW_SECONDS
    await small.provide(config)
    armed = await small.teller(BUS_FAULT="relay.after_ack_before_mark:1")
    await small.write(armed, times=5)
    assert await armed.ended() == -signal.SIGKILL
    await asyncio.sleep(2 * WINDOW_SECONDS)
    await small.teller()
    found = await small.violations(patience=0)
    assert await small.messages() == 10
    assert len(found) == 5
    assert all(each.startswith("I1") and "is in the log more than once" in each for each in found), found

    places = Places({SERVICE: small.database_url}, small.bus.url)
    async with small.log() as js:
        await sweep(places, js, lambda *_how: None)
    assert await small.violations() == []


@pytest.mark.parametrize("point", CONSUMER)
@pytest.mark.parametrize("way", ["single", "many"])
async def test_a_consumer_is_killed(small: SmallMesh, point: str, way: str) -> None:
    """F13, H3: one of two consumers is killed around its commit; the event comes again, and has its effect once."""
    armed, other = await small.teller(BUS_FAULT=f"{point}:4", **{ONLY: way}), await small.teller()
    async with small.under_load(armed, other):
        assert await armed.ended() == -signal.SIGKILL
        await small.writes_go_on()
    assert await small.violations() == []
    durable = (single if way == "single" else many).all[0].durable
    assert await small.deliveries(durable) > await small.messages()
