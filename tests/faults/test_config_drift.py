"""What is on the bus differs from what the code needs: it is put right or refused, never passed over."""

import pytest
from nats.js.api import ConsumerConfig, DeliverPolicy

from libs.common.bus import STREAM
from libs.common.handlers import ACK_WAIT_SECONDS
from libs.common.provision import Drift, consumer_config, provision_handlers, provision_stream, stream_config
from tests.faults.small.mesh import SmallMesh
from tests.faults.small.teller import handlers
from tests.mesh import until


async def test_what_can_be_put_right_is_put_right(small: SmallMesh) -> None:
    """F25: a durable with another wait and another filter is what the code says again when a service starts."""
    await small.provide()
    handler = handlers.all[0]
    async with small.log() as js:
        strange = consumer_config(handler)
        strange.ack_wait, strange.filter_subjects = ACK_WAIT_SECONDS * 10, ["user.registered"]
        await js.add_consumer(STREAM, strange)
        await small.teller()

        async def is_right() -> bool:
            config = (await js.consumer_info(STREAM, handler.durable)).config
            return set(config.filter_subjects or ()) == set(handler.subjects) and config.ack_wait != strange.ack_wait

        await until(is_right)


async def test_what_cannot_be_changed_is_refused(small: SmallMesh) -> None:
    """F25: a durable that began elsewhere would have missed events; nobody consumes by it, and it is said."""
    await small.provide()
    handler = handlers.all[0]
    async with small.log() as js:
        strange = ConsumerConfig(
            durable_name=handler.durable, filter_subjects=handler.subjects, deliver_policy=DeliverPolicy.NEW
        )
        await js.add_consumer(STREAM, strange)
        with pytest.raises(Drift, match=handler.durable):
            await provision_handlers(js, handlers)
        teller = await small.teller()
        await small.write(teller)

        async def said() -> bool:
            return "Drift" in teller.log.read_text() and await small.unpublished() == 0

        await until(said)
        assert (await js.consumer_info(STREAM, handler.durable)).delivered.consumer_seq == 0  # type: ignore[union-attr]
        await js.delete_consumer(STREAM, handler.durable)
    assert await small.violations() == []


async def test_no_service_changes_the_stream(small: SmallMesh) -> None:
    """F25: what an operator has set for the log stays when services start; `bdx bus provision` brings it back."""
    config = stream_config(max_bytes=2**26)
    config.max_age = 86_400
    await small.provide(config)
    teller = await small.teller()
    await small.write(teller)
    await small.at_rest()
    async with small.log() as js:
        found = (await js.stream_info(STREAM)).config
        assert (found.max_age, found.max_bytes) == (86_400, 2**26)
        await provision_stream(js, stream_config())
        found = (await js.stream_info(STREAM)).config
        assert (found.max_age, found.max_bytes) == (0, -1)
    assert await small.violations() == []
