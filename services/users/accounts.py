"""Accounts come and go: registration, and the erasure of everything (contract U1, U4)."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlalchemy import delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.errors import FieldErrors
from libs.common.outbox import record
from libs.common.values import now
from libs.contracts.users import UserDeleted, UserRegistered
from services.users import passwords
from services.users.friend_codes import new_friend_code
from services.users.models import Catch, User
from services.users.names import RESERVED, email_problems, fold, look, normal_email, normal_username, username_problems
from services.users.schemas import Registration

NAME_TAKEN: Final = "A user with that username already exists."


async def register(
    session: AsyncSession,
    wanted: Registration,
    *,
    new_code: Callable[[], str] = new_friend_code,
    is_of_the_house: bool = False,
    **columns: Any,
) -> User:
    """Opens an account with an empty profile and a friend code of its own, and tells the others.

    Names that sound like the house are only for it. `columns` are what nobody can say of himself: rights, badges.

    Raises:
        FieldErrors: names that are malformed or taken, a weak password, or two that differ.
        Unavailable: too many passwords are being hashed.
    """
    username, email = normal_username(wanted.username), normal_email(wanted.email)
    is_free = is_of_the_house or look(username) not in RESERVED
    async with passwords.turn():
        taken = await _taken(session, username, email)
        _refuse(
            {
                "username": username_problems(username) or taken["username"] or [NAME_TAKEN] * (not is_free),
                "email": email_problems(email) or taken["email"],
                "password": passwords.weaknesses(wanted.password),
            }
        )
        if wanted.password != wanted.password_confirm:
            _refuse({"password": ["Password fields didn't match."]})
        password_hash = await passwords.hashed(wanted.password)
    moment, user_id = now(), None
    while user_id is None:
        row = {
            "username": username,
            "username_key": look(username),
            "email": email,
            "email_key": fold(email),
            "password_hash": password_hash,
            "friend_code": new_code(),
            "created_at": moment,
            "updated_at": moment,
            **columns,
        }
        user_id = await session.scalar(insert(User).values(row).on_conflict_do_nothing().returning(User.id))
        if user_id is None:
            # Somebody was faster with one of the names; if not, the friend code is taken, and another will do.
            _refuse(await _taken(session, username, email))
    user = await session.get_one(User, user_id)
    record(session, UserRegistered.model_validate(user, from_attributes=True))
    return user


async def erase(session: AsyncSession, user: User) -> None:
    """Deletes an account and all that is personal here; the other services do so when they hear of it."""
    version = await session.scalar(delete(User).where(User.id == user.id).returning(User.version))
    if version is None:
        return  # A second request for the same was faster.
    nobodys = {"owner_id": None, "animal_id": None, "catch_date": None, "deleted_at": now()}
    await session.execute(update(Catch).where(Catch.owner_id == user.id).values(nobodys))
    record(session, UserDeleted(id=user.id, version=version + 1))


async def _taken(session: AsyncSession, username: str, email: str) -> dict[str, list[str]]:
    """Which of the names belong to somebody; nobody may call himself what is another's e-mail address either."""
    names, address = {fold(username), look(username)}, fold(email)
    query = select(User.username_key, User.email_key).where(
        or_(User.username_key.in_(names), User.email_key.in_([*names, address]))
    )
    keys = (await session.execute(query)).all()
    return {
        "username": [NAME_TAKEN] * any(names & set(row) for row in keys),
        "email": ["User with this email address already exists."] * any(address == row.email_key for row in keys),
    }


def _refuse(problems: Mapping[str, list[str]]) -> None:
    """Raises what there is of problems, if any."""
    if found := {field: messages for field, messages in problems.items() if messages}:
        raise FieldErrors(found)
