"""Other players, by id or friend code: from the local copy, and on a miss from the users service, once (contract E)."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.auth import Player
from libs.common.calls import Peers
from libs.common.copies import keep
from services.social.models import RefUser


async def person_by_id(session: AsyncSession, peers: Peers, asking: Player, user_id: UUID) -> RefUser | None:
    """The player with this id; None if there is none, or none any more.

    Raises:
        Unavailable: the users service did not answer.
    """
    return await _find(session, peers, asking, RefUser.id == user_id, f"/internal/users/{user_id}/")


async def person_by_code(session: AsyncSession, peers: Peers, asking: Player, code: str) -> RefUser | None:
    """The player with this friend code, eight characters in upper case; None if it is nobody's.

    Raises:
        Throttled: the users service counts misses, so that codes cannot be guessed.
        Unavailable: it did not answer.
    """
    if not (code.isascii() and code.isalnum()):
        return None
    return await _find(session, peers, asking, RefUser.friend_code == code, f"/internal/users/by-friend-code/{code}/")


async def _find(
    session: AsyncSession, peers: Peers, asking: Player, condition: ColumnElement[bool], path: str
) -> RefUser | None:
    known = await session.scalar(select(RefUser).where(condition))
    if known is None:
        answer = await peers.get("users", path, asking)
        if answer is None:
            return None
        known = await _remember(session, answer)
    return known if known is not None and known.deleted_at is None and known.is_active else None


async def _remember(session: AsyncSession, answer: dict[str, Any]) -> RefUser | None:
    user_id = UUID(answer["id"])
    await keep(
        session,
        RefUser,
        id=user_id,
        version=answer["version"],
        username=answer["username"],
        friend_code=answer["friend_code"],
        avatar=answer["avatar"],
        is_superuser=answer["is_superuser"],
        is_active=answer["is_active"],
    )
    found: RefUser | None = await session.scalar(select(RefUser).where(RefUser.id == user_id))
    return found
