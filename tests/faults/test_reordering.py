"""Events come late and out of order: the newest state stands in the end, and what is gone stays gone."""

from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.copies import bury, keep_told
from libs.common.handlers import Handlers
from libs.common.outbox import record
from libs.common.provision import provision_handlers
from libs.common.tests.test_events import running
from libs.contracts.event import Event
from libs.contracts.users import UserDeleted, UserRegistered, UserUpdated
from tests.faults.small.mesh import SmallMesh
from tests.faults.small.teller import SERVICE, Person, Remembered, told_of
from tests.mesh import until


async def test_the_first_event_comes_last(small: SmallMesh) -> None:
    """F18: version 1 is given back and comes again when 2 to 5 have passed, the last of which is a tombstone."""
    await small.provide()
    ada, order = uuid4(), list[int]()
    handlers = Handlers(SERVICE)

    @handlers.on(UserRegistered, UserUpdated, UserDeleted)
    async def remember_late(event: Event, session: AsyncSession) -> None:
        order.append(event.version)
        if order == [1]:
            raise ConnectionRefusedError
        if isinstance(event, UserDeleted):
            await bury(session, Remembered, id=event.id, version=event.version, username="")
        else:
            await keep_told(session, Remembered, event)

    async with small.log() as js:
        await provision_handlers(js, handlers)
        async with running(small.database, small.bus.url, handlers, js):
            async with small.database.transaction() as session:
                for version in range(1, 5):
                    record(session, told_of(Person(id=ada, version=version, weight=0, gone=False)))
                record(session, UserDeleted(id=ada, version=5))

            async def all_seen() -> bool:
                return len(order) == 6

            await until(all_seen)
            await until(lambda: _is_buried(small))
    assert order[-1] == 1 and order[1:5] == [2, 3, 4, 5]
    async with small.database.reading() as session:
        copy = (await session.scalars(select(Remembered))).one()
    assert (copy.version, copy.deleted_at is None, copy.username) == (5, False, "")


async def _is_buried(small: SmallMesh) -> bool:
    async with small.database.reading() as session:
        return (await session.scalar(select(Remembered.version))) == 5
