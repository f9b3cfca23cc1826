"""What the users service tells: who is registered, changed or gone."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from libs.contracts.event import Event


class UserState(Event):
    """The public state of an account; never an e-mail address, a password hash or a token."""

    username: str
    friend_code: str
    avatar: str | None
    is_staff: bool
    is_superuser: bool
    is_active: bool
    location_precision: str = "approximate"
    created_at: datetime

    def people(self) -> tuple[UUID, ...]:
        return (self.id,)


class UserRegistered(UserState):
    subject: ClassVar[str] = "user.registered"


class UserUpdated(UserState):
    subject: ClassVar[str] = "user.updated"


class UserDeleted(Event):
    subject: ClassVar[str] = "user.deleted"
