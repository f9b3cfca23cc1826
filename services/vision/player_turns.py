"""What one player does at several places at once, one after another: until the commit, in every process."""

from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

LOCK_CLASS: Final = 0x0515
"""First key of the advisory locks, so that they never meet those of others in the same database."""
_TAKE: Final = text("SELECT pg_advisory_xact_lock(:lock_class, :player)")


async def take_turn(session: AsyncSession, user_id: UUID) -> None:
    """Waits until nobody else begins a job for this player; what they have begun is seen by the next statement."""
    await session.execute(_TAKE, {"lock_class": LOCK_CLASS, "player": user_id.int % 2**32 - 2**31})
