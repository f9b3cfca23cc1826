"""Something that entries show has changed elsewhere: their `updated_at` advances, so that the next sync has them.

Renames are not announced: an entry's own event names neither its owner nor its animal, only their ids, and whoever
shows names has the rename from its source.
"""

from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from libs.contracts.event import Picture
from services.dex.announcements import announce_updated
from services.dex.models import DexEntry
from services.dex.watermark import take_every_turn, take_turn


async def advance_entries_of_owner(session: AsyncSession, owner: UUID) -> None:
    """The owner has another name (contract B8)."""
    at = await take_turn(session, owner)
    await session.execute(update(DexEntry).where(DexEntry.owner_id == owner).values(updated_at=at))


async def advance_entries_of_animal(session: AsyncSession, animal_id: UUID) -> None:
    """The animal has another name or number (contract B8)."""
    at = await take_every_turn(session)
    await session.execute(update(DexEntry).where(DexEntry.animal_id == animal_id).values(updated_at=at))


async def show_replaced_picture(session: AsyncSession, job_id: UUID, owner: UUID, picture: Picture) -> None:
    """The owner's entries made with this job show its new picture, and tell of it (contract B4)."""
    at = await take_turn(session, owner)
    query = select(DexEntry).where(DexEntry.source_vision_job == job_id, DexEntry.owner_id == owner)
    for entry in await session.scalars(query.order_by(DexEntry.id)):
        entry.show(picture)
        announce_updated(session, entry, at)
