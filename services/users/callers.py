"""Who asks and of whom the path speaks: what every route of accounts decides first (contract G4, U7–U10)."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from libs.common.auth import Viewer
from libs.common.db import Session
from libs.common.errors import NotFound
from libs.common.revocations import UserInactive, UserNotFound
from services.users.models import User


async def _caller(viewer: Viewer, session: Session) -> User:
    """The signed-in user's own row; a token outlives neither the account nor its being active."""
    user = await session.get(User, viewer.id)
    if user is None:
        raise UserNotFound
    if not user.is_active:
        raise UserInactive
    return user


Me = Annotated[User, Depends(_caller)]


async def _whom(request: Request, me: Me, session: Session) -> User:
    """The account that the path names: one's own or, for staff, anybody's; any other does not exist for the caller."""
    id: UUID = request.path_params.get("id", me.id)
    if id == me.id:
        return me
    user = await session.get(User, id) if me.runs_the_place else None
    if user is None:
        raise NotFound("User")
    return user


Whom = Annotated[User, Depends(_whom)]


async def by_id(id: UUID) -> None:
    """Tells the API's description that the path names an id, where the same route also is there for `me`."""
    del id
