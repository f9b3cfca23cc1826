"""What the dex service can tell of its records at any time: every entry."""

from collections.abc import AsyncIterator

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.recovery.snapshot import BY_BATCHES, Snapshot
from libs.contracts.dex import DexUpdated
from libs.contracts.event import Event
from services.dex.announcements import state_of
from services.dex.models import DexEntry

snapshot = Snapshot("dex")


@snapshot.tells(DexUpdated, unlike=("updated_at",))
async def every_entry(session: AsyncSession) -> AsyncIterator[Event]:
    """Every entry of every player."""
    query = select(DexEntry).order_by(DexEntry.id)
    async for entry in await session.stream_scalars(query, execution_options=BY_BATCHES):
        yield state_of(DexUpdated, entry)
