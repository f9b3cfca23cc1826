"""Friends and requests as cards with names and counts, each list in one statement (contract S1–S4, S8, S9)."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Row,
    Select,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlalchemy.sql.selectable import LateralFromClause

from libs.common.pages import Page, Pager
from services.social.models import Friendship, RefEntry, RefUser
from services.social.schemas import Card, FriendCard, FriendshipAnswer

MOST_AT_ONCE: Final = 5000
"""Bound of the lists that come in one piece."""


def _counts_of(user_id: Any, name: str) -> LateralFromClause:
    """`total_catches` and `unique_species` of a player, beside each row that names one."""
    per_animal = (
        select(func.count().label("catches"))
        .where(RefEntry.owner_id == user_id, RefEntry.deleted_at.is_(None))
        .group_by(RefEntry.animal_id)
        .correlate_except(RefEntry)
        .subquery()
    )
    return select(
        cast(func.coalesce(func.sum(per_animal.c.catches), 0), BigInteger).label("total_catches"),
        func.count().label("unique_species"),
    ).lateral(name)


def _friends() -> Select[*tuple[Any, ...]]:
    """The columns of `FriendCard` for the friends of `viewer`, a parameter."""
    viewer = bindparam("viewer", type_=Uuid())
    friend_id = case((Friendship.from_user == viewer, Friendship.to_user), else_=Friendship.from_user)
    counts = _counts_of(RefUser.id, "counts")
    return (
        select(
            RefUser.id,
            RefUser.username,
            RefUser.avatar,
            RefUser.friend_code,
            counts.c.total_catches,
            counts.c.unique_species,
            Friendship.id.label("friendship_id"),
        )
        .join(RefUser, RefUser.id == friend_id)
        .join(counts, true())
        .where(
            or_(Friendship.from_user == viewer, Friendship.to_user == viewer),
            Friendship.status == "accepted",
            RefUser.is_superuser.is_(False),
            RefUser.deleted_at.is_(None),
        )
        .order_by(RefUser.username, RefUser.id)
        .limit(MOST_AT_ONCE)
    )


FRIENDS: Final = _friends()
"""Made once, because making it takes longer than running it."""


async def friends(session: AsyncSession, viewer: UUID) -> list[FriendCard]:
    """Everybody the viewer is friends with, by name; no superusers (contract S2)."""
    rows = await session.execute(FRIENDS, {"viewer": viewer})
    return [FriendCard.model_construct(**row._mapping) for row in rows]


_sender, _recipient = aliased(RefUser), aliased(RefUser)


def _answers(*conditions: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """The columns of `FriendshipAnswer`, with both cards."""
    sent, received = _counts_of(Friendship.from_user, "sent"), _counts_of(Friendship.to_user, "received")
    return (
        select(
            Friendship.id,
            Friendship.from_user,
            Friendship.to_user,
            Friendship.status,
            Friendship.created_at,
            Friendship.updated_at,
            _sender.username.label("from_username"),
            _sender.avatar.label("from_avatar"),
            _sender.friend_code.label("from_friend_code"),
            sent.c.total_catches.label("from_total_catches"),
            sent.c.unique_species.label("from_unique_species"),
            _recipient.username.label("to_username"),
            _recipient.avatar.label("to_avatar"),
            _recipient.friend_code.label("to_friend_code"),
            received.c.total_catches.label("to_total_catches"),
            received.c.unique_species.label("to_unique_species"),
        )
        .join(_sender, and_(_sender.id == Friendship.from_user, _sender.deleted_at.is_(None)))
        .join(_recipient, and_(_recipient.id == Friendship.to_user, _recipient.deleted_at.is_(None)))
        .join(sent, true())
        .join(received, true())
        .where(*conditions)
        .order_by(Friendship.created_at.desc(), Friendship.id)
    )


def _answer(row: Row[*tuple[Any, ...]]) -> FriendshipAnswer:
    return FriendshipAnswer.model_construct(
        id=row.id,
        from_user=row.from_user,
        from_user_details=Card.model_construct(
            id=row.from_user,
            username=row.from_username,
            avatar=row.from_avatar,
            friend_code=row.from_friend_code,
            total_catches=row.from_total_catches,
            unique_species=row.from_unique_species,
        ),
        to_user=row.to_user,
        to_user_details=Card.model_construct(
            id=row.to_user,
            username=row.to_username,
            avatar=row.to_avatar,
            friend_code=row.to_friend_code,
            total_catches=row.to_total_catches,
            unique_species=row.to_unique_species,
        ),
        status=row.status,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


async def _list(session: AsyncSession, *conditions: ColumnElement[bool]) -> list[FriendshipAnswer]:
    return [_answer(row) for row in await session.execute(_answers(*conditions).limit(MOST_AT_ONCE))]


async def received_requests(session: AsyncSession, viewer: UUID) -> list[FriendshipAnswer]:
    """Requests that wait for the viewer, newest first; none of superusers (contract S3)."""
    mine = Friendship.to_user == viewer
    return await _list(session, mine, Friendship.status == "pending", _sender.is_superuser.is_(False))


async def sent_requests(session: AsyncSession, viewer: UUID) -> list[FriendshipAnswer]:
    """The viewer's own requests that wait for others, newest first; none to superusers (contract S4)."""
    mine = Friendship.from_user == viewer
    return await _list(session, mine, Friendship.status == "pending", _recipient.is_superuser.is_(False))


async def friendship_between(session: AsyncSession, viewer: UUID, other: UUID) -> FriendshipAnswer | None:
    """What stands between the viewer and another (contract S8)."""
    found = await _list(
        session,
        or_(
            and_(Friendship.from_user == viewer, Friendship.to_user == other),
            and_(Friendship.from_user == other, Friendship.to_user == viewer),
        ),
    )
    return found[0] if found else None


async def one_friendship(session: AsyncSession, viewer: UUID, friendship_id: UUID) -> FriendshipAnswer | None:
    """The viewer's friendship with this id (contract S9)."""
    found = await _list(session, _is_party(viewer), Friendship.id == friendship_id)
    return found[0] if found else None


async def all_friendships(session: AsyncSession, pager: Pager, viewer: UUID) -> Page[FriendshipAnswer]:
    """Whatever stands between the viewer and others, newest first (contract S9)."""
    return await pager.of(session, _answers(_is_party(viewer)), _answer)


def _is_party(viewer: UUID) -> ColumnElement[bool]:
    return or_(Friendship.from_user == viewer, Friendship.to_user == viewer)
