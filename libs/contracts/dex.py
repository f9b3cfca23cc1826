"""What the dex service tells: who caught which animal, and who may know."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from libs.contracts.event import Event, Picture

Visibility = Literal["private", "friends", "public"]


class DexState(Event):
    """One dex entry, without notes and places: those are nobody else's business."""

    owner_id: UUID
    animal_id: UUID
    visibility: Visibility
    picture: Picture
    catch_date: datetime
    created_at: datetime
    updated_at: datetime
    source_vision_job: UUID | None
    upload_url: str | None = None
    """A picture that was uploaded with the entry beside the job's; in use as much as `picture` is."""

    def people(self) -> tuple[UUID, ...]:
        return (self.owner_id,)


class DexCreated(DexState):
    subject: ClassVar[str] = "dex.created"


class DexUpdated(DexState):
    subject: ClassVar[str] = "dex.updated"


class DexDeleted(Event):
    subject: ClassVar[str] = "dex.deleted"

    owner_id: UUID
