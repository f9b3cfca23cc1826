"""The dex over HTTP: what devices keep of it (contract D12–D15)."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from libs.common.auth import Viewer
from libs.common.bodies import body
from libs.common.calls import Calls
from libs.common.db import Session
from libs.common.errors import Refusal
from services.dex.batch import batch_sync, parse_requests
from services.dex.lookups import user_exists
from services.dex.moments import Impossible, NotIso, parse_last_sync
from services.dex.overview import friends_overview
from services.dex.schemas import BatchSync, BatchSyncRequest, FriendsOverview, OwnSync, UserSync
from services.dex.sync import sync

router = APIRouter(prefix="/api/v1/dex/entries", tags=["dex"])

LastSync = Annotated[str, Query(description="The `server_time` of the previous answer; empty for everything")]


class BadLastSync(Refusal):
    sentence = "Invalid last_sync format. Use ISO 8601 datetime."


class UserNotFound(Refusal):
    sentence = "User not found"
    status = 404


@router.get("/sync_entries/", responses={400: {"description": "last_sync is no date"}})
async def sync_entries(session: Session, viewer: Viewer, last_sync: LastSync = "") -> OwnSync:
    """The caller's own entries, whole or what changed since (contract D12)."""
    since = _since(last_sync)
    synced = await sync(session, viewer.id, {viewer.id: since})
    entries = synced.items[viewer.id]
    return OwnSync.model_construct(
        entries=entries,
        server_time=synced.server_time,
        count=len(entries),
        deleted=synced.withdrawn_since(viewer.id, since),
    )


@router.get("/user/{user_id}/entries/", responses={404: {"description": "No such user"}})
async def sync_user(session: Session, calls: Calls, viewer: Viewer, user_id: str, last_sync: LastSync = "") -> UserSync:
    """Another player's entries, as far as the caller may see them (contract D13)."""
    try:
        owner = UUID(user_id)
    except ValueError:
        raise UserNotFound from None
    since = _since(last_sync)
    if owner != viewer.id and not await user_exists(session, calls, viewer, owner):
        raise UserNotFound
    synced = await sync(session, viewer.id, {owner: since})
    entries = synced.items[owner]
    return UserSync.model_construct(
        entries=entries,
        server_time=synced.server_time,
        user_id=owner,
        total_count=len(entries),
        withdrawn=synced.withdrawn_since(owner, since),
    )


@router.get("/friends_overview/")
async def overview(session: Session, viewer: Viewer) -> FriendsOverview:
    """What there is to see at the caller's friends (contract D14)."""
    return FriendsOverview.model_construct(friends=await friends_overview(session, viewer.id))


@router.post("/batch_sync/", responses={400: {"description": "No list of requests, or too many of them"}})
async def sync_many(
    request: Request, session: Session, viewer: Viewer, data: Annotated[BatchSyncRequest, body(BatchSyncRequest)]
) -> BatchSync:
    """Several players' entries in one answer (contract D15)."""
    limit = request.app.state.service.settings.batch_sync_max_users
    return await batch_sync(session, viewer.id, parse_requests(data.sync_requests, limit))


def _since(last_sync: str) -> datetime | None:
    try:
        return parse_last_sync(last_sync)
    except NotIso:
        raise BadLastSync from None
    except Impossible as reason:
        raise BadLastSync(f"Failed to parse last_sync: {reason}") from None
