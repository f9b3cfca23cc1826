"""A viewer and the viewer's friends, each with the version of what can be seen of them: one statement."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import and_, case, func, literal, not_, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from services.graph.models import EVERYTHING, NAMES, Friendship, RefUser, ScopeVersion


class Friend(NamedTuple):
    id: UUID
    username: str
    friend_code: str
    version: int


@dataclass(frozen=True, slots=True)
class Circle:
    """Who may be in a viewer's trees, as of now."""

    viewer: UUID
    username: str
    """Empty as long as this service has not heard of the viewer."""
    version: int
    friends: Mapping[UUID, Friend]
    names_version: int
    """Grows when an animal that somebody caught, or the name of a discoverer, changes."""
    everything_version: int
    """Grows with any change at all."""


async def circle_of(session: AsyncSession, viewer: UUID) -> Circle:
    """Reads the circle. Friends are accepted in either direction, never superusers, never the deleted (B7, B9)."""
    other = case((Friendship.from_user == viewer, Friendship.to_user), else_=Friendship.from_user)
    friend_ids = select(other).where(
        Friendship.deleted_at.is_(None),
        Friendship.status == "accepted",
        or_(Friendship.from_user == viewer, Friendship.to_user == viewer),
    )
    people = (
        select(
            RefUser.id,
            RefUser.username,
            RefUser.friend_code,
            func.coalesce(ScopeVersion.version, 0).label("version"),
        )
        .outerjoin(ScopeVersion, ScopeVersion.scope == RefUser.id)
        .where(
            RefUser.deleted_at.is_(None),
            or_(RefUser.id == viewer, and_(not_(RefUser.is_superuser), RefUser.id.in_(friend_ids))),
        )
    )
    # The viewer's version counts even before the viewer's name has arrived.
    versions = select(ScopeVersion.scope, literal(""), literal(""), ScopeVersion.version).where(
        ScopeVersion.scope.in_([NAMES, EVERYTHING, viewer])
    )
    rows = [Friend(*row) for row in await session.execute(union_all(people, versions))]
    # The rows of the second half are numbers without a name.
    found = {row.id: row for row in rows if row.username}
    numbers = {row.id: row.version for row in rows}
    me = found.pop(viewer, None)
    return Circle(
        viewer=viewer,
        username=me.username if me else "",
        version=numbers.get(viewer, 0),
        friends=found,
        names_version=numbers.get(NAMES, 0),
        everything_version=numbers.get(EVERYTHING, 0),
    )
