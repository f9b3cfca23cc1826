"""Access and refresh tokens: issued at login, exchanged by family (contract T1, T3)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import jwt
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.errors import NotAuthenticated
from libs.common.logs import log
from libs.common.revocations import UserInactive, UserNotFound
from libs.common.values import now
from services.users import sessions_counted
from services.users.keys import Keyring
from services.users.models import RefreshToken, User
from services.users.settings import UsersSettings

MAX_LENGTH = 4096


class RefusedToken(NotAuthenticated):
    """This refresh token is not exchanged; status 401 with the reason in `detail`. A revoked family stays revoked."""

    keeps = True

    def __init__(self, reason: str) -> None:
        super().__init__(reason, code="token_not_valid")


@dataclass(frozen=True, slots=True)
class Tokens:
    access: str
    refresh: str


async def issue(session: AsyncSession, settings: UsersSettings, user: User, *, family: UUID | None = None) -> Tokens:
    """A pair of tokens, the refresh token recorded as the next of `family`, or as the first of a new one."""
    jti, moment = uuid4(), now().replace(microsecond=0)
    expires_at = moment + timedelta(days=settings.jwt_refresh_token_lifetime_days)
    session.add(RefreshToken(jti=jti, user_id=user.id, family=family or jti, issued_at=moment, expires_at=expires_at))
    return Tokens(
        access=access_token(settings, user),
        refresh=_signed(settings.keyring, "refresh", user, jti, moment, expires_at),
    )


def access_token(settings: UsersSettings, user: User) -> str:
    """A token that every service takes for `user` until it expires."""
    moment = now()
    expires_at = moment + timedelta(minutes=settings.jwt_access_token_lifetime_minutes)
    flags = {"is_staff": user.is_staff, "is_superuser": user.is_superuser}
    return _signed(settings.keyring, "access", user, uuid4(), moment, expires_at, **flags)


async def exchange(session: AsyncSession, settings: UsersSettings, presented: str) -> Tokens:
    """New tokens for a refresh token.

    In `compatible` mode a used token still gives access tokens, because the shipping client never stores a new one.

    Raises:
        RefusedToken: broken, expired, of the wrong kind, or of a family that is revoked, be it by this very reuse.
        UserNotFound, UserInactive: there is nobody (any more) whom it could speak for.
    """
    user_id, jti = _read(settings.keyring, presented)
    # One exchange at a time for a player: two of the same token, or of one family, must see each other's marks.
    user = await session.scalar(select(User).where(User.id == user_id).with_for_update(key_share=True))
    if user is None:
        raise UserNotFound
    if not user.is_active:
        raise UserInactive
    token = await session.get(RefreshToken, jti)
    if token is None:
        raise RefusedToken("Token is invalid")
    if token.revoked_at is not None:
        raise RefusedToken("Token is blacklisted")
    if token.rotated_at is None:
        token.rotated_at = now()
        return await issue(session, settings, user, family=token.family)
    if settings.jwt_refresh_reuse == "compatible":
        sessions_counted.reuse.labels("tolerated").inc()
        return Tokens(access=access_token(settings, user), refresh=presented)
    await session.execute(update(RefreshToken).where(RefreshToken.family == token.family).values(revoked_at=now()))
    sessions_counted.reuse.labels("revoked").inc()
    log.warning("refresh.reused", user_id=str(user.id))
    raise RefusedToken("Token is blacklisted")


def _signed(
    keyring: Keyring, kind: str, user: User, jti: UUID, issued_at: datetime, expires_at: datetime, **more: Any
) -> str:
    return keyring.sign(
        {
            "token_type": kind,
            "exp": int(expires_at.timestamp()),
            "iat": int(issued_at.timestamp()),
            "jti": jti.hex,
            "user_id": str(user.id),
            **more,
        }
    )


def _read(keyring: Keyring, token: str) -> tuple[UUID, UUID]:
    """Whom a refresh token speaks for, and which one it is."""
    if len(token) > MAX_LENGTH:
        raise RefusedToken("Token is invalid")
    try:
        claims = keyring.read(token)
    except jwt.ExpiredSignatureError:
        raise RefusedToken("Token is expired") from None
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        raise RefusedToken("Token is invalid") from None
    if claims.get("token_type") != "refresh":
        raise RefusedToken("Token has wrong type")
    try:
        return UUID(claims["user_id"]), UUID(claims["jti"])
    except (KeyError, ValueError, TypeError, AttributeError):
        raise RefusedToken("Token is invalid") from None
