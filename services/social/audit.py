"""What must hold of friendships besides what was told of them."""

from collections.abc import AsyncIterator
from typing import Final

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.recovery.audit import Asked, Audit, Finding, Present, Surroundings
from libs.common.recovery.leftovers import doubled, left_behind
from services.social.models import Friendship

BATCH: Final = 500
IMPLIED: Final = {
    "requested": {"status": "pending"},
    "accepted": {"status": "accepted"},
    "rejected": {"status": "rejected"},
    "blocked": {"status": "blocked"},
}

audit = Audit()


@audit.asks
async def any_two_have_one_friendship(session: AsyncSession, _surroundings: Surroundings) -> AsyncIterator[Finding]:
    """Whoever asked: a friendship is that of both, and there is one; nobody is his own friend (contract B9)."""
    pair = (
        func.least(Friendship.from_user, Friendship.to_user),
        func.greatest(Friendship.from_user, Friendship.to_user),
    )
    async for finding in doubled(session, Friendship.id, *pair):
        yield finding
    for id in await session.scalars(select(Friendship.id).where(Friendship.from_user == Friendship.to_user)):
        yield f"self/{id}", f"friendship {id} is of one player with himself"


@audit.asks
async def only_one_of_the_two_blocks(session: AsyncSession, _surroundings: Surroundings) -> AsyncIterator[Finding]:
    """A blocked friendship knows by whom, and that is one of the two; any other has no blocker (contract B9)."""
    blocked, blocker = Friendship.status == "blocked", Friendship.blocker
    by_one_of_them = or_(blocker == Friendship.from_user, blocker == Friendship.to_user)
    wrong = or_(blocked & func.coalesce(~by_one_of_them, True), ~blocked & blocker.is_not(None))
    for id in await session.scalars(select(Friendship.id).where(wrong).limit(BATCH)):
        yield f"blocker/{id}", f"friendship {id} is blocked by nobody, or by a third"


@audit.asks_about("U4")
async def nothing_is_left_of_a_player(session: AsyncSession, _surroundings: Surroundings) -> AsyncIterator[Finding]:
    """Friendships in any state go with either of the two (contract U4)."""
    for person in (Friendship.from_user, Friendship.to_user):
        async for finding in left_behind(session, Friendship.id, person):
            yield finding


@audit.remembers("friendship", IMPLIED)
async def friendships(session: AsyncSession, asked: Asked) -> AsyncIterator[Present]:
    """Friendships as either side was told of them (contract S5, S6)."""
    of_players = Friendship.from_user.in_(asked.owners) & Friendship.to_user.in_(asked.owners)
    wanted = select(Friendship).where(or_(Friendship.id.in_(asked.ids), of_players))
    async for found in await session.stream_scalars(wanted.execution_options(yield_per=BATCH)):
        both = frozenset({str(found.from_user), str(found.to_user)})
        yield Present(str(found.id), both, {"status": found.status, "other": both})
