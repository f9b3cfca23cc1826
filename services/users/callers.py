"""Who asks and of whom the path speaks: what every route of accounts decides first (contract G4, U7–U10)."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends
from starlette.convertors import Convertor, register_url_convertor

from libs.common.auth import Viewer
from libs.common.db import Session
from libs.common.errors import NotFound
from libs.common.revocations import UserInactive, UserNotFound
from services.users.models import User


class WhomConvertor(Convertor[str]):
    """`me` or an id in a path. Other words are other routes, so that a wrong method there is a 405 and no 404."""

    regex = "me|[0-9A-Fa-f-]{36}"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("whom", WhomConvertor())


async def _caller(viewer: Viewer, session: Session) -> User:
    """The signed-in user's own row; a token outlives neither the account nor its being active."""
    user = await session.get(User, viewer.id)
    if user is None:
        raise UserNotFound
    if not user.is_active:
        raise UserInactive
    return user


Me = Annotated[User, Depends(_caller)]


async def _whom(id: Literal["me"] | UUID, me: Me, session: Session) -> User:
    """The account that the path names: one's own or, for staff, anybody's; any other does not exist for the caller."""
    if id in ("me", me.id):
        return me
    user = await session.get(User, id) if me.runs_the_place else None
    if user is None:
        raise NotFound("User")
    return user


Whom = Annotated[User, Depends(_whom)]
