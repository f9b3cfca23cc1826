"""Many friends synced in one request; one bad user does not fail the others (contract D15)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.errors import FieldErrors, Refusal
from libs.common.json_values import is_safe_text
from services.dex.models import RefUser
from services.dex.moments import Impossible, NotIso, parse_last_sync
from services.dex.schemas import BatchSync, NotSynced, SyncedUser
from services.dex.sync import sync
from services.dex.visibility import friends_of

MYSELF = "self"
UNKNOWN = NotSynced(error="User not found")
NO_FRIEND = NotSynced(error="Not friends with this user")


class TooManyUsers(Refusal):
    def __init__(self, limit: int) -> None:
        super().__init__(f"At most {limit} users can be synced at once")


class BadItem(FieldErrors):
    def __init__(self, message: str) -> None:
        super().__init__({"sync_requests": [message]})


def parse_requests(requests: list[dict[str, Any]], limit: int) -> dict[str, Any]:
    """The raw `last_sync` by `user_id` exactly as sent; of one sent twice, the last counts.

    Raises:
        TooManyUsers, BadItem: the request as a whole is refused.
    """
    if len(requests) > limit:
        raise TooManyUsers(limit)
    asked: dict[str, Any] = {}
    for item in requests:
        user_id = item.get("user_id")
        if not isinstance(user_id, str) or not is_safe_text(user_id):
            raise BadItem("Each item needs a user_id.")
        asked[user_id] = item.get("last_sync")
    return asked


def parse_since(last_sync: Any) -> datetime | None:
    """As `parse_last_sync`, but what is no date at all asks for everything.

    Raises:
        Impossible
    """
    try:
        return parse_last_sync(last_sync) if isinstance(last_sync, str) else None
    except NotIso:
        return None


def parse_owner(viewer: UUID, user_id: str) -> UUID | None:
    """Whose entries are meant; None when this can be nobody's id."""
    if user_id == MYSELF:
        return viewer
    try:
        return UUID(user_id.strip())
    except ValueError:
        return None


async def batch_sync(session: AsyncSession, viewer: UUID, asked: dict[str, Any]) -> BatchSync:
    """Every user asked for, with items or with the reason why not; five statements at most, however many users."""
    results: dict[str, SyncedUser | NotSynced] = dict.fromkeys(asked, UNKNOWN)
    wanted: dict[str, tuple[UUID, datetime | None]] = {}
    owners = {user_id: owner for user_id in asked if (owner := parse_owner(viewer, user_id)) is not None}
    friends = set(await session.scalars(friends_of(viewer)))
    known = set(await session.scalars(_known(set(owners.values()))))
    for user_id, owner in owners.items():
        if owner != viewer and owner not in friends:
            results[user_id] = NO_FRIEND if owner in known else UNKNOWN
            continue
        try:
            wanted[user_id] = owner, parse_since(asked[user_id])
        except Impossible as reason:
            results[user_id] = NotSynced(error=str(reason))
    synced = await sync(session, viewer, _earliest(wanted))
    for user_id, (owner, since) in wanted.items():
        entries = [item for item in synced.items[owner] if since is None or item.updated_at > since]
        gone = synced.withdrawn_since(owner, since)
        results[user_id] = SyncedUser.model_construct(entries=entries, count=len(entries), withdrawn=gone)
    return BatchSync.model_construct(results=results, server_time=synced.server_time)


def _known(ids: set[UUID]) -> Any:
    return select(RefUser.id).where(RefUser.id.in_(ids), RefUser.deleted_at.is_(None))


def _earliest(wanted: dict[str, tuple[UUID, datetime | None]]) -> dict[UUID, datetime | None]:
    """One moment per owner, because the same one may be asked for under two names: `self` and the own id."""
    earliest: dict[UUID, datetime | None] = {}
    for owner, since in wanted.values():
        known = earliest.get(owner, since)
        earliest[owner] = None if since is None or known is None else min(since, known)
    return earliest
