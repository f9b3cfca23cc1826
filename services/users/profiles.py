"""Profiles: what players say about themselves (contract U8)."""

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.errors import NotFound
from libs.common.outbox import record
from libs.common.values import now
from libs.contracts.users import UserUpdated
from services.users.models import User
from services.users.schemas import ProfileChanges


def newest_first() -> Select[User]:
    """All accounts with their counters (contract U7)."""
    return select(User).order_by(User.created_at.desc(), User.id)


async def edit_profile(session: AsyncSession, user: User, changes: ProfileChanges, *, editor: User) -> User:
    """Writes the values that were sent, of badges only those that staff sends, and tells the others.

    Raises:
        NotFound: the account was deleted meanwhile.
    """
    # Locked, so that no two edits give the same version.
    query = select(User).where(User.id == user.id).with_for_update().execution_options(populate_existing=True)
    edited = await session.scalar(query)
    if edited is None:
        raise NotFound("User")
    for field in changes.model_fields_set:
        if field != "badges" or editor.runs_the_place:
            setattr(edited, field, getattr(changes, field))
    edited.version += 1
    edited.updated_at = now()
    record(session, UserUpdated.model_validate(edited, from_attributes=True))
    return edited
