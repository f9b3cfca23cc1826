"""Players ask, answer and part; one row for any two, whoever asks at the same moment (contract S5–S7, B9)."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.errors import NotFound
from libs.common.outbox import record
from libs.common.values import now
from libs.contracts.social import FriendshipDeleted, FriendshipUpdated, Status
from services.social.models import Friendship, RefUser
from services.social.transitions import Action, AskedOneself, after_response, check_can_ask, may_end

LOCK_CLASS: Final = 0x0F1E
"""First key of the advisory locks, so that they never meet those of others in the same database."""


class NoFriendship(NotFound):
    """No such row, or the caller is no party to it, or may not end it: all look the same."""

    def __init__(self) -> None:
        super().__init__("Friendship")


class PersonIsGone(Exception):
    """One of the two was deleted while the request was on its way."""


async def send_request(session: AsyncSession, sender: UUID, recipient: UUID) -> Friendship:
    """Asks for friendship; a rejected request is opened again, in the direction of this one.

    Raises:
        AskedOneself, AlreadyFriends, AlreadyPending, Blocked: 400 each.
        PersonIsGone
    """
    if sender == recipient:
        raise AskedOneself
    await _take_turn(session, sender, recipient)
    await _check_both_are_there(session, sender, recipient)
    friendship = await session.scalar(_between(sender, recipient).with_for_update())
    check_can_ask(friendship.status if friendship else None)
    if friendship is None:
        at = now()
        friendship = Friendship(version=0, created_at=at, from_user=sender, to_user=recipient)
        session.add(friendship)
    friendship.from_user, friendship.to_user = sender, recipient
    await _becomes(session, friendship, "pending", by=sender)
    return friendship


async def respond(session: AsyncSession, viewer: UUID, friendship_id: UUID, action: Action) -> Friendship:
    """Accepts, rejects or blocks.

    Raises:
        NoFriendship, NotTheRecipient, NotPending
    """
    friendship = await session.scalar(_of(viewer, Friendship.id == friendship_id).with_for_update())
    if friendship is None:
        raise NoFriendship
    status = after_response(friendship.status, action, by_recipient=friendship.to_user == viewer)
    if status != friendship.status:
        await _becomes(session, friendship, status, by=viewer)
    return friendship


async def unfriend(session: AsyncSession, viewer: UUID, either_id: UUID) -> None:
    """Ends what stands between the viewer and another; `either_id` is the friendship's or the other player's id.

    Raises:
        NoFriendship
    """
    other = case((Friendship.from_user == viewer, Friendship.to_user), else_=Friendship.from_user)
    named = or_(Friendship.id == either_id, other == either_id)
    friendship = await session.scalar(_of(viewer, named).with_for_update())
    if friendship is None or not may_end(friendship.status, by_blocker=friendship.blocker == viewer):
        raise NoFriendship
    await _end(session, [friendship], by=viewer)


async def end_all_of(session: AsyncSession, user_id: UUID) -> None:
    """Ends whatever stands between a player who is gone and anybody (contract U4)."""
    rows = await session.scalars(_of(user_id).order_by(Friendship.id).with_for_update())
    await _end(session, rows.all(), by=user_id)


def _of(user_id: UUID, *conditions: ColumnElement[bool]) -> Select[Friendship]:
    party = or_(Friendship.from_user == user_id, Friendship.to_user == user_id)
    return select(Friendship).where(party, *conditions)


def _between(one: UUID, other: UUID) -> Select[Friendship]:
    pair = sorted((one, other))
    return select(Friendship).where(
        func.least(Friendship.from_user, Friendship.to_user) == pair[0],
        func.greatest(Friendship.from_user, Friendship.to_user) == pair[1],
    )


async def _take_turn(session: AsyncSession, one: UUID, other: UUID) -> None:
    """Waits until nobody else asks between these two: where there is no row yet, there is none to lock."""
    lock = text("SELECT pg_advisory_xact_lock(:lock_class, :pair)")
    pair = ((one.int ^ other.int) % 2**32) - 2**31
    await session.execute(lock, {"lock_class": LOCK_CLASS, "pair": pair})


async def _check_both_are_there(session: AsyncSession, one: UUID, other: UUID) -> None:
    """Shared with other requests, but not with an erasure: that comes wholly before this request, or after it."""
    copies = select(RefUser.id).where(RefUser.id.in_((one, other)), RefUser.deleted_at.is_(None))
    there = set(await session.scalars(copies.order_by(RefUser.id).with_for_update(read=True)))
    if there != {one, other}:
        raise PersonIsGone


async def _becomes(session: AsyncSession, friendship: Friendship, status: Status, *, by: UUID) -> None:
    friendship.version += 1
    friendship.status = status
    friendship.blocker = by if status == "blocked" else None
    friendship.updated_at = now()
    await session.flush()
    event = FriendshipUpdated(
        id=friendship.id,
        version=friendship.version,
        from_user=friendship.from_user,
        to_user=friendship.to_user,
        status=friendship.status,
        acting_user=by,
        created_at=friendship.created_at,
        updated_at=friendship.updated_at,
    )
    record(session, event)


async def _end(session: AsyncSession, friendships: Iterable[Friendship], *, by: UUID) -> None:
    for friendship in friendships:
        await session.delete(friendship)
        event = FriendshipDeleted(
            id=friendship.id,
            version=friendship.version + 1,
            from_user=friendship.from_user,
            to_user=friendship.to_user,
            acting_user=by,
        )
        record(session, event)
    await session.flush()
