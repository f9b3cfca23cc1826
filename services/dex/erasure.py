"""Entries that go because their animal or their owner is gone (contract E, U4)."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.copies import bury
from services.dex.announcements import announce_deleted
from services.dex.models import DexEntry, RefJob, Withdrawal
from services.dex.watermark import take_every_turn, take_turn
from services.dex.withdrawals import note_deleted


async def erase_entries_of_animal(session: AsyncSession, animal_id: UUID) -> None:
    """Deletes everybody's entries of an animal and tells of each."""
    at = await take_every_turn(session)
    await note_deleted(session, await _erase(session, DexEntry.animal_id == animal_id), at)


async def erase_player(session: AsyncSession, owner: UUID) -> None:
    """Deletes a player's entries and empties the copies of their jobs; a later event finds tombstones."""
    await take_turn(session, owner)
    await _erase(session, DexEntry.owner_id == owner)
    await session.execute(delete(Withdrawal).where(Withdrawal.owner_id == owner))
    jobs = (await session.execute(select(RefJob.id, RefJob.version).where(RefJob.user_id == owner))).all()
    for job in jobs:
        await bury(session, RefJob, id=job.id, version=job.version + 1, user_id=None, stored_picture=None, trace={})


async def _erase(session: AsyncSession, condition: ColumnElement[bool]) -> list[Any]:
    columns = (DexEntry.id, DexEntry.owner_id, DexEntry.version, DexEntry.visibility)
    gone: Any = delete(DexEntry).where(condition).returning(*columns)
    entries = list((await session.execute(gone)).all())
    for entry in entries:
        announce_deleted(session, entry.id, entry.owner_id, entry.version)
    return entries
