"""What must hold in the registry besides what it has told."""

from collections.abc import AsyncIterator
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.outbox import outbox
from libs.common.recovery.audit import Asked, Audit, Finding, Present, Surroundings
from libs.common.recovery.leftovers import doubled, left_behind
from libs.contracts.animals import AnimalDeleted
from services.animals.models import Animal, CreationCounter, RefEntry

BATCH: Final = 500

audit = Audit()


@audit.asks
async def numbers_are_dense(session: AsyncSession, _surroundings: Surroundings) -> AsyncIterator[Finding]:
    """Every number up to the counter is an animal's, or was that of one that is deleted (contract B1)."""
    numbers = select(func.count(), func.count(Animal.creation_index.distinct()), func.min(Animal.creation_index))
    count, distinct, lowest = (await session.execute(numbers.select_from(Animal))).one()
    last = await session.scalar(select(CreationCounter.last)) or 0
    highest = await session.scalar(select(func.max(Animal.creation_index))) or 0
    # Tombstones never leave the outbox (docs/decisions/0011).
    gone = await session.scalar(select(func.count()).where(outbox.c.subject == AnimalDeleted.subject)) or 0
    if highest > last or (lowest is not None and lowest < 1):
        yield f"counter/{last}", f"the counter stands at {last}, but there are animals from no. {lowest} to {highest}"
    elif count != distinct:
        yield f"twice/{count}", f"{count} animals share {distinct} numbers"
    elif count + gone != last:
        yield f"gap/{last}", f"{last} numbers were given, but there are {count} animals, and {gone} were deleted"


@audit.asks
async def no_species_is_there_twice(session: AsyncSession, _surroundings: Surroundings) -> AsyncIterator[Finding]:
    """Names that differ only in case are one animal (contract B1)."""
    async for finding in doubled(session, Animal.id, func.lower(Animal.scientific_name)):
        yield finding


@audit.asks_about("U4")
async def nothing_is_left_of_a_player(session: AsyncSession, _surroundings: Surroundings) -> AsyncIterator[Finding]:
    """Animals stay, without their discoverer (contract U4)."""
    for key, person in ((Animal.id, Animal.created_by), (RefEntry.id, RefEntry.owner_id)):
        async for finding in left_behind(session, key, person):
            yield finding


@audit.remembers("animal", counted=False)
async def animals(session: AsyncSession, asked: Asked) -> AsyncIterator[Present]:
    """Animals as players were told of them (contract A3, A9)."""
    columns = (Animal.id, Animal.scientific_name, Animal.creation_index)
    for row in await session.execute(select(*columns).where(Animal.id.in_(asked.ids))):
        state = {"scientific_name": row.scientific_name, "creation_index": row.creation_index}
        yield Present(str(row.id), frozenset(), state)
