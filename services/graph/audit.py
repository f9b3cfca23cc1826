"""What must hold of the projection besides that it is made of what was told."""

from collections.abc import AsyncIterator

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.recovery.audit import Audit, Finding, Surroundings
from libs.common.recovery.leftovers import left_behind
from services.graph.models import Capture, Friendship, RefAnimal

audit = Audit()


@audit.asks_about("U4")
async def nothing_is_left_of_a_player(session: AsyncSession, _surroundings: Surroundings) -> AsyncIterator[Finding]:
    """Captures and friendships of a deleted player are tombstones, and no tree names them (contract U4)."""
    living = Friendship.deleted_at.is_(None)
    for key, person, also in (
        (Capture.id, Capture.owner_id, Capture.deleted_at.is_(None)),
        (Friendship.id, Friendship.from_user, living),
        (Friendship.id, Friendship.to_user, living),
        (RefAnimal.id, RefAnimal.created_by, RefAnimal.deleted_at.is_(None)),
    ):
        async for finding in left_behind(session, key, person, also):
            yield finding
