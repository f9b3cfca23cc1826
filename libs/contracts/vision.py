"""What the vision service tells: a picture arrived, what it seems to show, or that nobody could tell.

The record of these events is the analysis job: `id` is the job's id, `version` the job's version.
"""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from libs.contracts.event import Event, Fact, Picture

ScoreKind = Literal["calibrated", "raw", "none"]


class JobEvent(Event):
    """Something about a player's job."""

    user_id: UUID

    def people(self) -> tuple[UUID, ...]:
        return (self.user_id,)


class ImageUploaded(JobEvent):
    subject: ClassVar[str] = "image.uploaded"

    storage_key: str
    """Where the picture lies in the blob store; not an address, and not public."""
    checksum: str
    size_bytes: int
    cv_method: str
    model_name: str
    detail_level: str
    created_at: datetime


class DetectedName(Fact):
    """One animal as the provider named it; `score` (0-1) only where the provider gives one."""

    scientific_name: str
    common_name: str
    score: float | None
    in_form: bool = True
    """False for a name found inside other words: it makes an animal only if the taxonomy knows it or its genus."""


class ImageIdentified(JobEvent):
    subject: ClassVar[str] = "image.identified"

    provider: str
    model: str
    score_kind: ScoreKind
    names: list[DetectedName]
    """In the provider's order, best first; empty when nothing was named down to a genus."""
    picture: Picture | None
    """The job's dex-compatible picture; None when its conversion failed."""


class IdentificationFailed(JobEvent):
    subject: ClassVar[str] = "identification.failed"

    reason: str
    """A code such as `undecodable`, `provider_error`, `not_configured`; never a raw message."""


class ImageReplaced(JobEvent):
    subject: ClassVar[str] = "image.replaced"

    picture: Picture
