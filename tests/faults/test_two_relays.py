"""A process is halted while it holds something, and goes on when others have long done its work."""

import signal
from uuid import uuid4

import pytest

from libs.common.outbox import partition_of
from tests.faults.small.clocks import ACK_WAIT_SECONDS, IDLE, IDLE_IN_TRANSACTION_SECONDS
from tests.faults.small.mesh import SmallMesh
from tests.faults.small.teller import ONLY, single
from tests.faults.small.tellers import Teller
from tests.mesh import until


async def _halted(teller: Teller) -> None:
    async def is_halted() -> bool:
        return teller.halted

    await until(is_halted)


async def test_a_partition_has_one_relay_at_a_time(small: SmallMesh) -> None:
    """F3: while one relay holds a record's events the other leaves them alone, and publishes everybody else's."""
    armed = await small.teller(BUS_FAULT="relay.after_select:1:stop", **{IDLE: "60"})
    ada = uuid4()
    ben = next(person for person in (uuid4() for _ in range(1000)) if partition_of(person) != partition_of(ada))
    await small.write(armed, ada)
    await _halted(armed)
    other = await small.teller()
    await small.write(other, ada, times=3)
    await small.write(other, ben)

    async def bens_is_there() -> bool:
        return await small.unpublished() == 4

    await until(bens_is_there)
    assert await small.messages() == 1
    armed.signal(signal.SIGCONT)
    assert await small.violations() == []
    assert await small.messages() == 5


@pytest.mark.long
@pytest.mark.parametrize("point", ["relay.after_select", "relay.after_ack_before_mark"])
async def test_a_relay_is_halted_with_a_partition_in_its_hands(small: SmallMesh, point: str) -> None:
    """F5: PostgreSQL takes the partition from it, the other relay goes on; what it does when it wakes is no news."""
    armed, other = await small.teller(BUS_FAULT=f"{point}:3:stop"), await small.teller()
    async with small.under_load(armed, other):
        await _halted(armed)
    async with small.under_load(other):
        await small.writes_go_on()

    async def taken_over() -> bool:
        return await small.unpublished() == 0

    await until(taken_over, IDLE_IN_TRANSACTION_SECONDS + 8)
    assert armed.halted
    armed.signal(signal.SIGCONT)
    async with small.under_load(armed, other):
        await small.writes_go_on()
    assert await small.violations() == []
    assert await small.messages() == await small.recorded()


async def test_a_consumer_is_halted_in_the_middle_of_an_event(small: SmallMesh) -> None:
    """F14: the event is given to another one as well; both may finish it, and it has its effect once."""
    armed, other = (
        await small.teller(BUS_FAULT="consumer.before_commit:3:stop", **{ONLY: "single"}),
        await small.teller(),
    )
    async with small.under_load(armed, other):
        await _halted(armed)
    async with small.under_load(other):
        await small.writes_go_on()
    await small.at_rest(ACK_WAIT_SECONDS + IDLE_IN_TRANSACTION_SECONDS + 15)
    assert armed.halted
    assert await small.deliveries(single.all[0].durable) > await small.messages()
    armed.signal(signal.SIGCONT)
    async with small.under_load(armed, other):
        await small.writes_go_on()
    assert await small.violations() == []
