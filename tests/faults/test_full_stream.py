"""The log is full: it refuses what is new rather than forget what is old, and everything waits in the outboxes."""

from nats.js.api import StreamConfig

from libs.common.bus import STREAM
from libs.common.provision import stream_config
from tests.faults.small.mesh import SmallMesh
from tests.mesh import until

MOST_BYTES = 40_000


async def test_a_full_log_refuses_and_goes_on_when_there_is_room(small: SmallMesh) -> None:
    """F27, H14: writes are acknowledged, the outbox grows and says so, nothing old is lost; with room it drains."""
    await small.provide(stream_config(max_bytes=MOST_BYTES))
    teller = await small.teller()
    first: int | None = None
    async with small.under_load(teller) as told:

        async def is_full() -> bool:
            measured = await small.metrics_of(teller)
            return measured["outbox_waiting"] > 20 and measured["outbox_oldest_age_seconds"] > 1

        await until(is_full)
        await small.writes_go_on()
        async with small.log() as js:
            state = (await js.stream_info(STREAM)).state
            first = state.first_seq
            assert state.bytes <= MOST_BYTES
            roomy: StreamConfig = stream_config()
            await js.update_stream(roomy)
    assert first == 1
    assert told.refused == []
    assert "relay.refused" in teller.log.read_text() or "relay.one_by_one" in teller.log.read_text()
    assert await small.violations() == []
    assert await small.messages() == await small.recorded()
