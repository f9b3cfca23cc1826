"""What social takes and gives (contract S1–S9)."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field

from libs.common.values import Input, Instant, Output
from libs.contracts.social import Status
from services.social.transitions import Action


def _empty_is_absent(value: object) -> object:
    """`""` stands for nothing in optional fields (contract G2)."""
    return None if isinstance(value, str) and not value.strip() else value


FriendCode = Annotated[str, Field(min_length=8, max_length=8), AfterValidator(str.upper)]


class FriendRequest(Input):
    """Whom to ask: by friend code, or else by id."""

    friend_code: Annotated[FriendCode | None, BeforeValidator(_empty_is_absent)] = None
    user_id: Annotated[UUID | None, BeforeValidator(_empty_is_absent)] = Field(
        default=None, validation_alias=AliasChoices("user_id", "to_user_id")
    )


class Reply(Input):
    action: Action


class Card(Output):
    """FriendCard of contract S1; the id is the player's."""

    id: UUID
    username: str
    avatar: str | None
    friend_code: str
    total_catches: int
    unique_species: int


class FriendCard(Card):
    friendship_id: UUID


class Friends(Output):
    count: int
    friends: list[FriendCard]


class FriendshipAnswer(Output):
    """Friendship of contract S1."""

    id: UUID
    from_user: UUID
    from_user_details: Card
    to_user: UUID
    to_user_details: Card
    status: Status
    created_at: Instant
    updated_at: Instant


class Requests(Output):
    count: int
    requests: list[FriendshipAnswer]


class Check(Output):
    user_id: UUID
    username: str
    is_friends: bool
    pending_request: FriendshipAnswer | None


class Removed(Output):
    message: str = "Friendship removed successfully"
