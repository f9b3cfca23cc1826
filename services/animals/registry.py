"""The species registry: finds an animal by name or creates it with the next number, race-free (contract B1, B3)."""

from collections.abc import Mapping
from typing import Any, Final, TypeVar
from uuid import UUID, uuid4

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.outbox import record
from libs.common.values import now
from libs.contracts.animals import AnimalCreated, AnimalState, AnimalUpdated
from services.animals.candidates import HIERARCHY, UNKNOWN_STATUS, Candidate
from services.animals.models import Animal, CreationCounter

State = TypeVar("State", bound=AnimalState)

COUNTER: Final = 1
MANUAL: Final = "manual"


async def find(session: AsyncSession, scientific_name: str) -> Animal | None:
    """The animal of this name; names that differ only in case are one animal."""
    return await session.scalar(select(Animal).where(func.lower(Animal.scientific_name) == func.lower(scientific_name)))


async def find_or_create(session: AsyncSession, candidate: Candidate, created_by: UUID | None) -> tuple[Animal, bool]:
    """The candidate's animal, and whether it is new. An existing one is returned as it is; see `fill_blanks`.

    Parallel calls with one name create one animal, with different names consecutive numbers.
    """
    existing = await find(session, candidate.scientific_name)
    if existing is not None:
        return existing, False
    created = await create(session, {**candidate.columns(), "created_by": created_by})
    if created is not None:
        return created, True
    existing = await find(session, candidate.scientific_name)
    assert existing is not None, "the name was taken a moment ago"
    return existing, False


async def create(session: AsyncSession, columns: Mapping[str, Any]) -> Animal | None:
    """A new animal with the next number; None if the name is taken, which costs no number.

    From here to the commit this transaction is the only one that creates.
    """
    last = await session.scalar(
        insert(CreationCounter)
        .values(id=COUNTER, last=0)
        # Changes nothing, but locks the row and shows its newest state, also the first time.
        .on_conflict_do_update(index_elements=["id"], set_={"last": CreationCounter.last})
        .returning(CreationCounter.last)
    )
    assert last is not None
    animal: Animal | None = await session.scalar(
        insert(Animal)
        .values({"id": uuid4(), **columns, "creation_index": last + 1})
        .on_conflict_do_nothing(index_elements=[text("lower(scientific_name)")])
        .returning(Animal)
    )
    if animal is None:
        return None
    await session.execute(update(CreationCounter).values(last=last + 1))
    record(session, state_of(AnimalCreated, animal))
    return animal


async def fill_blanks(session: AsyncSession, animal: Animal, candidate: Candidate) -> None:
    """Fills what nobody has filled yet; nothing is overwritten (contract B3).

    Hand-made records stay as they are, and what the taxonomy backs takes nothing from less. Who fills several animals
    in one transaction does so in the order of their ids, so that two of them cannot wait for each other.
    """
    if not _blanks(animal, candidate):
        return
    await session.refresh(animal, with_for_update=True)
    if news := _blanks(animal, candidate):
        await change(session, animal, news)


def _blanks(animal: Animal, candidate: Candidate) -> dict[str, Any]:
    if animal.verification_method == MANUAL or (animal.verified and not candidate.verified):
        return {}
    known = candidate.columns()
    news = {column: known[column] for column in HIERARCHY if known[column] and not getattr(animal, column)}
    if animal.conservation_status == UNKNOWN_STATUS != candidate.conservation_status:
        news["conservation_status"] = candidate.conservation_status
    if candidate.native_regions and not animal.native_regions:
        news |= {column: known[column] for column in ("native_regions", "establishment_means")}
    if candidate.verified and animal.taxonomy_id is None:
        news |= candidate.taxonomy
    if candidate.verified and not animal.verified:
        news |= {"verified": True, "verification_method": candidate.method}
    return news


async def change(session: AsyncSession, animal: Animal, news: Mapping[str, Any]) -> None:
    """Writes `news` on an animal whose row is locked, and tells."""
    for column, value in news.items():
        setattr(animal, column, value)
    animal.version += 1
    animal.updated_at = now()
    await session.flush()
    record(session, state_of(AnimalUpdated, animal))


def state_of(event: type[State], animal: Animal) -> State:
    """The animal as an event tells it."""
    return event(**{name: getattr(animal, name) for name in event.model_fields})
