"""The friends whose captures are in the viewer's tree, with how many species each shares (contract R5)."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.graph.models import Capture, RefAnimal
from services.graph.schemas import TreeFriend, TreeFriends
from services.graph.scope import Scope
from services.graph.visibility import in_scope


async def tree_friends(session: AsyncSession, scope: Scope) -> TreeFriends:
    """All friends by name; `unique_species` counts only what the viewer may see."""
    rows = await session.execute(
        select(Capture.owner_id, func.count(Capture.animal_id.distinct()).label("species"))
        .join(RefAnimal, (RefAnimal.id == Capture.animal_id) & RefAnimal.deleted_at.is_(None))
        .where(in_scope(scope))
        .group_by(Capture.owner_id)
    )
    species = {row.owner_id: row.species for row in rows}
    friends = sorted(scope.friends.values(), key=lambda friend: (friend.username.casefold(), friend.id))
    return TreeFriends(
        friends=[
            TreeFriend(
                id=friend.id,
                username=friend.username,
                unique_species=species.get(friend.id, 0),
                friend_code=friend.friend_code,
            )
            for friend in friends
        ],
        total_friends=len(friends),
    )
