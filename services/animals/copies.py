"""What this service remembers of users and dex entries, and forgets when they go."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.copies import bury, keep_told
from libs.contracts.dex import DexDeleted, DexState
from libs.contracts.users import UserDeleted, UserState
from services.animals.models import Animal, RefEntry, RefUser
from services.animals.registry import change


async def keep_user(session: AsyncSession, user: UserState) -> None:
    await keep_told(session, RefUser, user)


async def forget_user(session: AsyncSession, user: UserDeleted) -> None:
    """Takes the name out of the copy and out of the animals that the user discovered; the animals stay."""
    await bury(session, RefUser, id=user.id, version=user.version, username="")
    discovered = await session.scalars(
        select(Animal).where(Animal.created_by == user.id).order_by(Animal.id).with_for_update()
    )
    for animal in discovered:
        await change(session, animal, {"created_by": None})


async def is_gone(session: AsyncSession, user_id: UUID) -> bool:
    """Whether the user has been deleted, as far as this service knows."""
    gone = select(RefUser.id).where(RefUser.id == user_id, RefUser.deleted_at.is_not(None))
    return await session.scalar(gone) is not None


async def keep_entry(session: AsyncSession, entry: DexState) -> None:
    await keep_told(session, RefEntry, entry)


async def forget_entry(session: AsyncSession, entry: DexDeleted) -> None:
    await bury(session, RefEntry, id=entry.id, version=entry.version, owner_id=None, animal_id=None)
