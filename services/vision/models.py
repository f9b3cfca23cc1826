"""The tables of the vision service: pictures, conversions, jobs with their calls, and copies of what others own."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, DateTime, ForeignKey, Index, Numeric, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from libs.common.copies import Copied
from libs.common.db import service_metadata
from libs.common.telemetry import carried
from libs.common.values import now

Moment = DateTime(timezone=True)
EMPTY_OBJECT = text("'{}'::jsonb")
EMPTY_LIST = text("'[]'::jsonb")


class Base(DeclarativeBase):
    metadata = service_metadata()


class Picture(Base):
    """A served PNG under its unguessable, immutable key, its thumbnail, and the private JPEG of it that a model sees.

    With `origin` it is what the contract calls ProcessedImage (M).
    """

    __tablename__ = "pictures"
    __table_args__ = (Index("ix_pictures_user_id", "user_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    user_id: Mapped[UUID]
    key: Mapped[str] = mapped_column(String(100), unique=True)
    rendition_key: Mapped[str] = mapped_column(String(100), index=True)
    thumbnail_key: Mapped[str | None] = mapped_column(String(100), index=True)
    """A PNG of at most 256 pixels, that nobody is told of yet; None in older rows."""
    sha256: Mapped[str] = mapped_column(String(64))
    width: Mapped[int]
    height: Mapped[int]
    size_bytes: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
    removed_at: Mapped[datetime | None] = mapped_column(Moment)
    """When its files were given up; the row stays for what still tells of it."""
    origin: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=EMPTY_OBJECT)
    """For the record, of what it was made and how: source_type, format, dimensions {width, height} and checksum of the
    upload, its EXIF orientation, the transformations applied, warnings. Empty in older rows."""

    @property
    def files(self) -> tuple[str, ...]:
        """The keys of all that is stored of it: the PNG, the JPEG and the thumbnail."""
        return tuple(key for key in (self.key, self.rendition_key, self.thumbnail_key) if key is not None)


class ImageConversion(Base):
    """An upload turned into a picture, kept for half an hour unless a job uses it (contract I1, B4)."""

    __tablename__ = "image_conversions"
    __table_args__ = (
        Index("ix_image_conversions_user_id", "user_id", "original_sha256"),
        Index("ix_image_conversions_expires_at", "expires_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    user_id: Mapped[UUID]
    picture_id: Mapped[UUID] = mapped_column(ForeignKey("pictures.id", ondelete="CASCADE"), index=True)
    original_key: Mapped[str] = mapped_column(String(100), index=True)
    original_sha256: Mapped[str] = mapped_column(String(64))
    original_format: Mapped[str] = mapped_column(String(10))
    original_width: Mapped[int]
    original_height: Mapped[int]
    original_bytes: Mapped[int]
    transformations: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """As asked for; two uploads are the same only if these are."""
    transformations_applied: Mapped[dict[str, Any]] = mapped_column(JSONB)
    used_in_job: Mapped[bool] = mapped_column(default=False)
    trace: Mapped[dict[str, str]] = mapped_column(JSONB, default=carried, server_default=EMPTY_OBJECT)
    """Trace and correlation id of the upload, for its job to go on with; empty in older rows."""
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
    expires_at: Mapped[datetime] = mapped_column(Moment)


class AnalysisJob(Base):
    """One question "which animal is this?", which is also its place in the queue (contract V, B6).

    Queued while `run_at` is set; in a worker's hands while `lease_until` is set; waiting for the registry of animals
    once `announced_version` is set, until `completed_at`.
    """

    __tablename__ = "analysis_jobs"
    __table_args__ = (
        Index("ix_analysis_jobs_user_id", "user_id", "created_at", "id"),
        Index("ix_analysis_jobs_queue", "run_at", postgresql_where=text("run_at IS NOT NULL")),
        Index("ix_analysis_jobs_leases", "lease_until", postgresql_where=text("lease_until IS NOT NULL")),
        Index("ix_analysis_jobs_waiting", "announced_at", postgresql_where=text("status = 'processing'")),
        Index("ix_analysis_jobs_unfinished", "user_id", "upload_sha256", postgresql_where=text("completed_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    version: Mapped[int] = mapped_column(BigInteger, default=1)
    user_id: Mapped[UUID]
    source_conversion_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("image_conversions.id", ondelete="SET NULL"), index=True
    )
    original_key: Mapped[str] = mapped_column(String(100), index=True)
    upload_sha256: Mapped[str | None] = mapped_column(String(64))
    """Of a picture that came with the request, so that a repeat is known; None in older rows and with a conversion."""
    picture_id: Mapped[UUID | None] = mapped_column(ForeignKey("pictures.id", ondelete="SET NULL"), index=True)
    image_conversion_status: Mapped[str] = mapped_column(String(20))
    transformations: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=EMPTY_OBJECT)
    post_conversion_transformations: Mapped[dict[str, Any]] = mapped_column(
        JSONB, default=dict, server_default=EMPTY_OBJECT
    )

    cv_method: Mapped[str] = mapped_column(String(20))
    model_name: Mapped[str] = mapped_column(String(100))
    detail_level: Mapped[str] = mapped_column(String(20))

    status: Mapped[str] = mapped_column(String(20), default="pending")
    run_at: Mapped[datetime | None] = mapped_column(Moment)
    lease_until: Mapped[datetime | None] = mapped_column(Moment)
    lease_token: Mapped[UUID | None]
    retry_count: Mapped[int] = mapped_column(default=0)
    interruptions: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    """How often its worker died over it; that is not the picture's fault, so it is no attempt, but it has an end."""
    error_message: Mapped[str] = mapped_column(Text, default="")

    raw_response: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """The provider's answer as it came; while it is there, nobody is asked (and paid) again."""
    parsed_prediction: Mapped[str] = mapped_column(Text, default="")
    names: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, server_default=EMPTY_LIST)
    """What `image.identified` said, kept to say it again."""
    suggestions: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, server_default=EMPTY_LIST)
    saw_an_animal: Mapped[bool] = mapped_column(default=False)
    score_kind: Mapped[str] = mapped_column(String(20), default="none")
    announced_version: Mapped[int | None] = mapped_column(BigInteger)
    """The version under which the present names were announced first; answers to older ones are stale."""
    announced_at: Mapped[datetime | None] = mapped_column(Moment)

    detected_animals: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, server_default=EMPTY_LIST)
    identified_animal: Mapped[UUID | None] = mapped_column(index=True)
    selected_animal_index: Mapped[int | None]
    confidence_score: Mapped[float | None]
    outcome: Mapped[str | None] = mapped_column(String(20))

    cost_usd: Mapped[Decimal | None] = mapped_column(Numeric(10, 6))
    input_tokens: Mapped[int | None]
    output_tokens: Mapped[int | None]
    processing_time: Mapped[float | None]

    trace: Mapped[dict[str, str]] = mapped_column(JSONB, default=carried, server_default=text("'{}'::jsonb"))
    """Trace and correlation id of the request that asked, for the worker to go on with."""
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
    started_at: Mapped[datetime | None] = mapped_column(Moment)
    completed_at: Mapped[datetime | None] = mapped_column(Moment)


class ProviderCall(Base):
    """One paid call, noted before it is made, so that no crash hides it. Its id is the idempotency key."""

    __tablename__ = "provider_calls"
    __table_args__ = (
        Index("ix_provider_calls_job_id", "job_id"),
        Index("ix_provider_calls_user_id", "user_id", "started_at"),
        Index("ix_provider_calls_started_at", "started_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    job_id: Mapped[UUID | None] = mapped_column(ForeignKey("analysis_jobs.id", ondelete="SET NULL"))
    """None once the job has gone with its player: what was spent stays spent, for as long as it counts."""
    user_id: Mapped[UUID | None]
    """For whom it was made; None in older rows, and when the player has gone."""
    model: Mapped[str] = mapped_column(String(100))
    started_at: Mapped[datetime] = mapped_column(Moment, default=now)
    finished_at: Mapped[datetime | None] = mapped_column(Moment)
    result: Mapped[str | None] = mapped_column(String(40))
    """`answered`, or the reason code of its failure; None while nobody knows."""
    input_tokens: Mapped[int] = mapped_column(default=0)
    output_tokens: Mapped[int] = mapped_column(default=0)
    cost_usd: Mapped[Decimal] = mapped_column(Numeric(10, 6), default=Decimal(0))


class DiscardedFile(Base):
    """A stored file that nothing names any more, noted with the change that let go of it; the worker removes it."""

    __tablename__ = "discarded_files"

    key: Mapped[str] = mapped_column(String(100), primary_key=True)
    discarded_at: Mapped[datetime] = mapped_column(Moment, default=now)


class RefUser(Copied, Base):
    __tablename__ = "ref_users"

    username: Mapped[str] = mapped_column(String(150), default="", server_default="")
    avatar: Mapped[str | None] = mapped_column(Text)


class RefAnimal(Copied, Base):
    """What an AnimalListItem needs (contract A1)."""

    __tablename__ = "ref_animals"

    scientific_name: Mapped[str] = mapped_column(String(200), default="", server_default="")
    common_name: Mapped[str] = mapped_column(String(200), default="", server_default="")
    conservation_status: Mapped[str] = mapped_column(String(2), default="NE", server_default="NE")
    creation_index: Mapped[int] = mapped_column(default=0, server_default="0")
    verified: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    created_by: Mapped[UUID | None]


class RefDexEntry(Copied, Base):
    """Which entries show which pictures, to whom (contract V10, B4: no picture in use is ever removed)."""

    __tablename__ = "ref_dex_entries"
    __table_args__ = (
        Index("ix_ref_dex_entries_job_id", "job_id"),
        Index("ix_ref_dex_entries_picture_key", "picture_key"),
    )

    owner_id: Mapped[UUID]
    job_id: Mapped[UUID | None]
    visibility: Mapped[str] = mapped_column(String(20), default="private", server_default="private")
    picture_key: Mapped[str] = mapped_column(Text, default="", server_default="")


class RefFriendship(Copied, Base):
    __tablename__ = "ref_friendships"
    __table_args__ = (
        Index("ix_ref_friendships_from_user", "from_user", "to_user"),
        Index("ix_ref_friendships_to_user", "to_user", "from_user"),
    )

    from_user: Mapped[UUID]
    to_user: Mapped[UUID]
    status: Mapped[str] = mapped_column(String(20), default="rejected", server_default="rejected")
