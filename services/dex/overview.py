"""How much there is to see at one's friends (contract D14)."""

from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.dex.models import DexEntry, RefUser
from services.dex.schemas import FriendOverview
from services.dex.visibility import SHOWN_TO, friends_of

MOST_AT_ONCE = 5000


async def friends_overview(session: AsyncSession, viewer: UUID) -> list[FriendOverview]:
    """Each friend with the number of entries they show to friends, by name; one statement. No superusers."""
    shown = and_(DexEntry.owner_id == RefUser.id, DexEntry.visibility.in_(SHOWN_TO["friend"]))
    query = (
        select(
            RefUser.id,
            RefUser.username,
            RefUser.friend_code,
            func.count(DexEntry.id).label("total_entries"),
            func.max(DexEntry.updated_at).label("latest_update"),
        )
        .outerjoin(DexEntry, shown)
        .where(RefUser.id.in_(friends_of(viewer)), RefUser.deleted_at.is_(None), RefUser.is_superuser.is_(False))
        .group_by(RefUser.id)
        .order_by(RefUser.username, RefUser.id)
        .limit(MOST_AT_ONCE)
    )
    return [
        FriendOverview.model_construct(
            user_id=row.id,
            username=row.username,
            friend_code=row.friend_code,
            total_entries=row.total_entries,
            latest_update=row.latest_update,
        )
        for row in await session.execute(query)
    ]
