"""Entries that go because their animal or their owner is gone (contract E, U4)."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.copies import bury
from services.dex.announcements import announce_deleted
from services.dex.models import DexEntry, RefJob
from services.dex.watermark import take_every_turn, take_turn


async def erase_entries_of_animal(session: AsyncSession, animal_id: UUID) -> None:
    """Deletes everybody's entries of an animal and tells of each."""
    await take_every_turn(session)
    await _erase(session, DexEntry.animal_id == animal_id)


async def erase_player(session: AsyncSession, owner: UUID) -> None:
    """Deletes a player's entries and empties the copies of their jobs; a later event finds tombstones."""
    await take_turn(session, owner)
    await _erase(session, DexEntry.owner_id == owner)
    jobs = (await session.execute(select(RefJob.id, RefJob.version).where(RefJob.user_id == owner))).all()
    for job in jobs:
        await bury(session, RefJob, id=job.id, version=job.version + 1, user_id=None, stored_picture=None)


async def _erase(session: AsyncSession, condition: ColumnElement[bool]) -> None:
    gone: Any = delete(DexEntry).where(condition).returning(DexEntry.id, DexEntry.owner_id, DexEntry.version)
    for entry in (await session.execute(gone)).all():
        announce_deleted(session, entry.id, entry.owner_id, entry.version)
