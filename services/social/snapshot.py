"""What the social service can tell of its records at any time: how any two players stand."""

from collections.abc import AsyncIterator
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.recovery.snapshot import BY_BATCHES, Snapshot
from libs.contracts.event import Event
from libs.contracts.social import FriendshipUpdated
from services.social.models import Friendship

snapshot = Snapshot("social")


@snapshot.tells(FriendshipUpdated, unlike=("acting_user",))
async def every_friendship(session: AsyncSession) -> AsyncIterator[Event]:
    """Every friendship, in whatever state."""
    query = select(Friendship).order_by(Friendship.id)
    async for found in await session.stream_scalars(query, execution_options=BY_BATCHES):
        yield FriendshipUpdated(
            id=found.id,
            version=found.version,
            from_user=found.from_user,
            to_user=found.to_user,
            status=found.status,
            acting_user=_who_acted(found),
            created_at=found.created_at,
            updated_at=found.updated_at,
        )


def _who_acted(friendship: Friendship) -> UUID:
    """Only the blocker is remembered; otherwise it was whose turn it must have been."""
    if friendship.blocker:
        return friendship.blocker
    return friendship.from_user if friendship.status == "pending" else friendship.to_user
