"""What the social service tells: who is friends with whom."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from libs.contracts.event import Event

Status = Literal["pending", "accepted", "rejected", "blocked"]


class FriendshipUpdated(Event):
    subject: ClassVar[str] = "friendship.updated"

    from_user: UUID
    to_user: UUID
    status: Status
    acting_user: UUID
    """Who caused this change; for `blocked`, the blocker."""
    created_at: datetime
    updated_at: datetime

    def people(self) -> tuple[UUID, ...]:
        return (self.from_user, self.to_user)


class FriendshipDeleted(Event):
    subject: ClassVar[str] = "friendship.deleted"

    from_user: UUID
    to_user: UUID
    acting_user: UUID
