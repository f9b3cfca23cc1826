"""What the animals service can tell of its records at any time: the whole registry."""

from collections.abc import AsyncIterator

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.recovery.snapshot import BY_BATCHES, Snapshot
from libs.contracts.animals import AnimalUpdated
from libs.contracts.event import Event
from services.animals.models import Animal
from services.animals.registry import state_of

snapshot = Snapshot("animals")


@snapshot.tells(AnimalUpdated)
async def every_animal(session: AsyncSession) -> AsyncIterator[Event]:
    """Every species of the registry."""
    async for animal in await session.stream_scalars(select(Animal).order_by(Animal.id), execution_options=BY_BATCHES):
        yield state_of(AnimalUpdated, animal)
