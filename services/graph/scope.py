"""Whose captures a tree shows, by mode (contract R1), and the key that such an answer is kept under (B12)."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal, cast, get_args
from uuid import UUID

from libs.common.errors import Refusal
from services.graph.circle import Circle, Friend

Mode = Literal["personal", "friends", "selected", "global"]

SHAPE = 1
"""Grows when an answer's content changes for the same data, so that nobody keeps an old one."""


class UnknownMode(Refusal):
    sentence = f"Invalid mode. Must be one of: {', '.join(get_args(Mode))}"


class BadFriendIds(Refusal):
    sentence = "Invalid friend_ids format - expected comma-separated UUIDs"


class GlobalForStaffOnly(Refusal):
    status = 403
    sentence = "Admin privileges required for global view"


@dataclass(frozen=True, slots=True)
class Wish:
    """Which tree is asked for; checked."""

    mode: Mode
    friend_ids: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Scope:
    """A wish, applied to the viewer's circle."""

    mode: Mode
    viewer: UUID
    username: str
    friends: Mapping[UUID, Friend]
    """All friends of the viewer, in scope or not."""
    members: frozenset[UUID]
    """The users in scope, the viewer included; in global mode everybody else besides."""
    key: str
    """Changes whenever the answer may: its ETag and its `cache_key`."""

    @property
    def is_global(self) -> bool:
        return self.mode == "global"

    @property
    def users_included(self) -> int | Literal["all"]:
        return "all" if self.is_global else len(self.members)


def wish_of(mode: str, friend_ids: str, *, is_staff: bool) -> Wish:
    """Checks the query of a tree.

    Raises:
        UnknownMode, BadFriendIds: 400.
        GlobalForStaffOnly: 403.
    """
    if mode not in get_args(Mode):
        raise UnknownMode
    if mode == "global" and not is_staff:
        raise GlobalForStaffOnly
    if mode != "selected":
        return Wish(cast(Mode, mode))
    try:
        chosen = frozenset(UUID(part.strip()) for part in friend_ids.split(",") if part.strip())
    except ValueError:
        raise BadFriendIds from None
    return Wish("selected", chosen)


def scope_of(wish: Wish, circle: Circle) -> Scope:
    """The users that the wished tree shows. Ids that are no friends are dropped silently."""
    friends = circle.friends
    match wish.mode:
        case "personal":
            shown: frozenset[UUID] = frozenset()
        case "selected":
            shown = wish.friend_ids & friends.keys()
        case "friends" | "global":
            shown = frozenset(friends)
    return Scope(
        mode=wish.mode,
        viewer=circle.viewer,
        username=circle.username,
        friends=friends,
        members=shown | {circle.viewer},
        key=_key(wish, circle, shown),
    )


def _key(wish: Wish, circle: Circle, shown: frozenset[UUID]) -> str:
    """Viewer, parameters, and the version of all that the answer is made from.

    The friends outside the scope count by their ids alone: a discoverer may be one of them.
    """
    everything = circle.everything_version if wish.mode == "global" else 0
    parts: list[object] = [SHAPE, wish.mode, circle.viewer, circle.version, circle.names_version, everything]
    for friend in sorted(circle.friends):
        parts += [friend, circle.friends[friend].version if friend in shown else "-"]
    return sha256(" ".join(map(str, parts)).encode()).hexdigest()[:40]
