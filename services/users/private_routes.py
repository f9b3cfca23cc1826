"""HTTP in from other services, with the player's own token; the gateway routes none of it (design §5)."""

from uuid import UUID

from fastapi import APIRouter

from libs.common.db import Session, WritingSession
from libs.common.errors import NotFound
from services.users.callers import Me
from services.users.friend_codes import find_by_friend_code
from services.users.misses import friend_code_misses
from services.users.models import User
from services.users.schemas import KnownUser
from services.users.settings import Settings

router = APIRouter(prefix="/internal/users", include_in_schema=False)


@router.get("/{id}/")
async def user_by_id(id: UUID, me: Me, session: Session) -> KnownUser:
    """For a service whose copy does not know this user (yet)."""
    del me
    user = await session.get(User, id)
    if user is None:
        raise NotFound("User")
    return KnownUser.model_validate(user)


@router.get("/by-friend-code/{code}/")
async def user_by_friend_code(code: str, me: Me, session: WritingSession, settings: Settings) -> KnownUser:
    """As by id; misses count against the caller's limit of friend codes."""
    user = await find_by_friend_code(session, friend_code_misses(settings), me, code)
    return KnownUser.model_validate(user)
