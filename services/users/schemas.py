"""What the users service takes and gives (contract T2, T3, U1–U8)."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, StringConstraints, computed_field
from starlette.datastructures import UploadFile

from libs.common.json_values import keepable
from libs.common.values import Input, Instant, Output
from services.users.friend_codes import LENGTH
from services.users.models import LocationPrecision
from services.users.names import MAX_USERNAME

MAX_JSON_BYTES = 64 * 1024

Text = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=4096), Field(repr=False)]
"""A password or a token: kept out of every representation, so that no traceback shows it."""


def _fits(value: JsonValue) -> JsonValue:
    kept: JsonValue = keepable(value, max_bytes=MAX_JSON_BYTES)
    return kept


def _nothing_if_blank(value: Any) -> Any:
    return None if value == "" else value


class Registration(Input):
    """Here only what is there at all; the rest is judged with the database at hand, so that all is said at once."""

    username: Annotated[str, StringConstraints(min_length=1, max_length=MAX_USERNAME)]
    email: Text
    password: Secret
    password_confirm: Secret


class Credentials(Input):
    username: Text
    password: Secret


class Exchange(Input):
    refresh: Secret


class FriendCodeQuery(Input):
    friend_code: Annotated[str, StringConstraints(min_length=LENGTH, max_length=LENGTH)]


class ProfileChanges(Input):
    """Only what is sent is changed, by PUT and PATCH alike. An avatar that is null or blank is taken away."""

    avatar: Annotated[UploadFile | None, BeforeValidator(_nothing_if_blank)] = None
    bio: Annotated[str, StringConstraints(max_length=500)] = ""
    preferred_card_style: Annotated[JsonValue, AfterValidator(_fits)] = None
    location_precision: LocationPrecision = "approximate"
    badges: Annotated[list[JsonValue], AfterValidator(_fits)] = Field(default_factory=list)


class Profile(Output):
    total_catches: int
    unique_species: int
    preferred_card_style: JsonValue
    location_precision: LocationPrecision
    join_date: date
    last_catch_date: Instant | None


class Account(Output):
    """The contract's User object: everything, for the player and for staff only."""

    id: UUID
    username: str
    email: str
    friend_code: str
    bio: str
    avatar: str | None
    badges: list[JsonValue]
    created_at: Instant
    updated_at: Instant
    profile: Profile


class SignedIn(Output):
    refresh: str
    access: str
    user: Account

    @computed_field  # type: ignore[prop-decorator]
    @property
    def access_token(self) -> str:
        """The same as `access`, for clients that look for it here."""
        return self.access


class Exchanged(Output):
    access: str
    refresh: str


class EditedProfile(Output):
    bio: str
    avatar: str | None
    preferred_card_style: JsonValue
    location_precision: LocationPrecision
    badges: list[JsonValue]


class FriendCode(Output):
    friend_code: str
    username: str


class FoundPlayer(Output):
    """What a friend code tells about its owner."""

    id: UUID
    username: str
    avatar: str | None


class KnownUser(Output):
    """What other services may know of a user, with the version that it was true for."""

    id: UUID
    version: int
    username: str
    friend_code: str
    avatar: str | None
    is_staff: bool
    is_superuser: bool
    is_active: bool
    location_precision: LocationPrecision
    created_at: Instant
