"""What social does when something happened elsewhere. Every handler may be called late, twice and out of order."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.copies import bury, keep_many, keep_told
from libs.common.forgetting import forget_events_of_user
from libs.common.inbox import Handlers
from libs.common.values import now
from libs.contracts.dex import DexCreated, DexDeleted, DexState, DexUpdated
from libs.contracts.users import UserDeleted, UserRegistered, UserState, UserUpdated
from services.social.friendships import end_all_of
from services.social.models import RefEntry, RefUser

handlers = Handlers("social")
handlers.on(UserDeleted)(forget_events_of_user)
handlers.witness("user", RefUser)
handlers.witness("dex", RefEntry)


@handlers.on(UserRegistered, UserUpdated)
async def remember_user(event: UserState, session: AsyncSession) -> None:
    """Keeps a player's public state for their friends' lists."""
    await keep_told(session, RefUser, event)


@handlers.on(UserDeleted)
async def forget_user(event: UserDeleted, session: AsyncSession) -> None:
    """Erases a deleted player: name, code, avatar, and every friendship in any state (contract U4)."""
    blank = {"username": "", "friend_code": "", "avatar": None, "is_superuser": False, "is_active": False}
    if await bury(session, RefUser, id=event.id, version=event.version, **blank):
        await end_all_of(session, event.id)


@handlers.bulk(DexCreated, DexUpdated, DexDeleted)
async def count_catches(events: list[DexState | DexDeleted], session: AsyncSession) -> None:
    """Keeps who caught which animal, for the counts on friend cards."""
    await keep_many(session, RefEntry, [_row(event) for event in events])


def _row(event: DexState | DexDeleted) -> dict[str, Any]:
    row = {"id": event.id, "version": event.version}
    if isinstance(event, DexDeleted):
        return {**row, "deleted_at": now(), "owner_id": None, "animal_id": None}
    return {**row, "deleted_at": None, "owner_id": event.owner_id, "animal_id": event.animal_id}
