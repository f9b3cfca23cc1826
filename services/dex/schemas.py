"""What dex takes and gives (contract D1, D2, D5, D12–D15)."""

from decimal import Decimal
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BeforeValidator, Field, computed_field, model_validator
from pydantic_core import PydanticCustomError
from starlette.datastructures import UploadFile

from libs.common.values import Input, Instant, Moment, Numeric, Offset, Output, Uuid, fixed
from libs.contracts.dex import Visibility
from services.dex.customizations import parse_customizations

Latitude = Annotated[Decimal, Numeric, Field(max_digits=9, decimal_places=6, ge=-90, le=90)]
Longitude = Annotated[Decimal, Numeric, Field(max_digits=9, decimal_places=6, ge=-180, le=180)]
Degrees = Annotated[Decimal, fixed(6)]
Notes = Annotated[str, Field(max_length=10_000)]
LocationName = Annotated[str, Field(max_length=200)]
Customizations = Annotated[dict[str, Any], BeforeValidator(parse_customizations)]


class NewEntry(Input):
    """A capture to be kept; with a completed vision job, or with a picture of its own."""

    animal: Uuid
    source_vision_job: UUID | None = None
    original_image: UploadFile | None = None
    location_lat: Latitude | None = None
    location_lon: Longitude | None = None
    location_name: LocationName = ""
    notes: Notes = ""
    catch_date: Moment | None = None
    visibility: Visibility = "friends"

    @model_validator(mode="after")
    def _a_place_is_whole(self) -> Self:
        if (self.location_lat is None) != (self.location_lon is None):
            raise PydanticCustomError("half_a_place", "Latitude and longitude must be given together.")
        return self


class Edit(Input):
    """Changes to an entry; what is not sent stays as it is, also with PUT. So the defaults are never read."""

    animal: Uuid = Field(default=UUID(int=0))
    notes: Notes = ""
    customizations: Customizations = Field(default_factory=dict)
    visibility: Visibility = "friends"
    is_favorite: bool = False
    location_name: LocationName = ""


class FullEdit(Edit):
    """The same by PUT, which names the animal."""

    animal: Uuid


class CreatedEntry(Output):
    id: UUID
    animal: UUID = Field(validation_alias="animal_id")
    source_vision_job: UUID | None
    original_image: str
    location_lat: Degrees | None
    location_lon: Degrees | None
    location_name: str
    notes: str
    catch_date: Instant
    visibility: Visibility


class AnimalItem(Output):
    """AnimalListItem of contract A1."""

    id: UUID
    scientific_name: str
    common_name: str
    conservation_status: str
    creation_index: int
    created_by_username: str | None
    verified: bool


class EntryDetail(Output):
    """DexEntry of contract D1; the place as exactly as the viewer may know it."""

    id: UUID
    owner: UUID
    owner_username: str
    animal: UUID
    animal_details: AnimalItem
    original_image: str
    processed_image: str | None
    location_lat: Degrees | None
    location_lon: Degrees | None
    location_name: str
    location_coords: tuple[float, float] | None
    notes: str
    customizations: dict[str, Any]
    catch_date: Instant
    visibility: Visibility
    is_favorite: bool
    created_at: Instant
    updated_at: Instant


class EntryItem(Output):
    """DexListItem of contract D1."""

    id: UUID
    owner_username: str
    animal: UUID
    animal_name: str
    original_image: str
    catch_date: Instant
    visibility: Visibility
    is_favorite: bool


class EditedEntry(Output):
    id: UUID
    animal: UUID = Field(validation_alias="animal_id")
    notes: str
    customizations: dict[str, Any]
    visibility: Visibility
    is_favorite: bool
    location_name: str
    updated_at: Instant


class MergedEntry(EditedEntry):
    """The entry that stayed when two would have shown the same animal; the edited one is gone."""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def merged_into(self) -> UUID:
        return self.id


class SyncItem(Output):
    """DexSyncItem of contract D1: what the client keeps on the device."""

    id: UUID
    animal_id: UUID
    creation_index: int
    scientific_name: str
    common_name: str
    owner_username: str
    dex_compatible_url: str
    image_checksum: str
    image_updated_at: Instant
    catch_date: Instant
    is_favorite: bool
    updated_at: Instant


class OwnSync(Output):
    entries: list[SyncItem]
    server_time: Offset
    count: int
    deleted: list[UUID]
    """Own entries that are gone since `last_sync`; empty in a whole sync."""


class UserSync(Output):
    entries: list[SyncItem]
    server_time: Offset
    user_id: UUID
    total_count: int
    withdrawn: list[UUID]
    """Entries that the caller may no longer see since `last_sync`; empty in a whole sync."""


class FriendOverview(Output):
    user_id: UUID
    username: str
    friend_code: str
    total_entries: int
    latest_update: Offset | None


class FriendsOverview(Output):
    friends: list[FriendOverview]


class BatchSyncRequest(Input):
    """Checked item by item, because one bad user must not fail the others (contract D15)."""

    sync_requests: list[dict[str, Any]] = Field(default_factory=list)


class SyncedUser(Output):
    entries: list[SyncItem]
    count: int
    withdrawn: list[UUID]


class NotSynced(Output):
    error: str


class BatchSync(Output):
    results: dict[str, SyncedUser | NotSynced]
    server_time: Offset
