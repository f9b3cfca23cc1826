"""Profiles: what players say about themselves (contract U8)."""

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.auth import Player
from libs.common.calls import Peers
from libs.common.errors import NotFound
from libs.common.outbox import record
from libs.common.values import now
from libs.contracts.users import UserUpdated
from services.users.avatars import make_avatar
from services.users.models import User
from services.users.schemas import ProfileChanges


def newest_first() -> Select[User]:
    """All accounts with their counters (contract U7)."""
    return select(User).order_by(User.created_at.desc(), User.id)


async def edit_profile(
    session: AsyncSession, peers: Peers, editor: Player, user: User, changes: ProfileChanges, *, with_badges: bool
) -> User:
    """Writes the values that were sent and tells the others; badges only for an editor who may set them.

    Raises:
        NotFound: the account was deleted meanwhile.
        FieldErrors, Unavailable: as for `make_avatar`.
    """
    values = {field: getattr(changes, field) for field in changes.model_fields_set}
    if not with_badges:
        values.pop("badges", None)
    if changes.avatar is not None:
        # Nothing is written yet: the connection goes back, so that a slow picture keeps nobody from signing in.
        await session.reset()
        values["avatar"] = await make_avatar(peers, editor, user.id, changes.avatar)
    # Locked, so that no two edits give the same version.
    query = select(User).where(User.id == user.id).with_for_update().execution_options(populate_existing=True)
    edited = await session.scalar(query)
    if edited is None:
        raise NotFound("User")
    for field, value in values.items():
        setattr(edited, field, value)
    edited.version += 1
    edited.updated_at = now()
    record(session, UserUpdated.model_validate(edited, from_attributes=True))
    return edited
