"""Dropping what is kept, on demand (contract R4)."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.auth import Player
from libs.common.errors import Refusal
from services.graph.kept import Kept
from services.graph.models import RefUser
from services.graph.schemas import Invalidation, Message


class AdminsOnly(Refusal):
    status = 403
    sentence = "Admin privileges required"


async def drop_kept(wish: Invalidation, kept: Kept, viewer: Player, session: AsyncSession) -> Message:
    """Forgets what is kept for the viewer, or, for staff, for everybody.

    Raises:
        AdminsOnly: 403, scope `global` asked for by a player.
    """
    if wish.scope == "global":
        if not viewer.runs_the_place:
            raise AdminsOnly
        kept.drop_all()
        return Message(message="Tree caches invalidated for all users")
    kept.drop_of(viewer.id)
    username = await session.scalar(select(RefUser.username).where(RefUser.id == viewer.id))
    return Message(message=f"Tree caches invalidated for user {username or viewer.id}")
