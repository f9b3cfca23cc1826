"""What the users service can tell of its records at any time: everybody who is here, and who has gone."""

from collections.abc import AsyncIterator
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.outbox import forgotten_person, outbox
from libs.common.recovery.snapshot import Snapshot
from libs.contracts.event import Event
from libs.contracts.users import UserDeleted, UserUpdated
from services.users.models import User

LAST_WORD: Final = 10**15
"""Version of a tombstone whose own is remembered nowhere any more: later than any that an account can reach."""

snapshot = Snapshot("users")


@snapshot.tells(UserUpdated)
async def everybody(session: AsyncSession) -> AsyncIterator[Event]:
    """Every account; without the counters, which cost a query each."""
    columns = [getattr(User, name) for name in UserUpdated.model_fields]
    async for row in await session.stream(select(*columns).order_by(User.id)):
        yield UserUpdated.model_validate(row, from_attributes=True)


@snapshot.tells(UserDeleted)
async def everybody_who_has_gone(session: AsyncSession) -> AsyncIterator[Event]:
    """A tombstone for each: ids alone are left of them."""
    tombstone = (outbox.c.aggregate_id == forgotten_person.c.id) & (outbox.c.subject == UserDeleted.subject)
    version = func.coalesce(outbox.c.version, LAST_WORD).label("version")
    gone = select(forgotten_person.c.id, version).outerjoin(outbox, tombstone).order_by(forgotten_person.c.id)
    async for row in await session.stream(gone):
        yield UserDeleted(id=row.id, version=row.version)
