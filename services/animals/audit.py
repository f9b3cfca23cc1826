"""What must hold in the registry besides what it has told."""

from collections.abc import AsyncIterator

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.recovery.audit import Audit, Finding, Surroundings
from services.animals.models import Animal, CreationCounter

audit = Audit()


@audit.asks
async def no_number_is_given_twice(session: AsyncSession, _surroundings: Surroundings) -> AsyncIterator[Finding]:
    """The counter stands at the highest number or, where animals were deleted, above it (contract B1)."""
    last = await session.scalar(select(CreationCounter.last)) or 0
    highest = await session.scalar(select(func.max(Animal.creation_index))) or 0
    if highest > last:
        yield f"counter/{last}", f"the counter stands at {last}, but there is an animal no. {highest}"
