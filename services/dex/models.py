"""The tables of dex: the entries, and copies of what other services know about their people, animals and pictures."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Index,
    Numeric,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from libs.common.copies import Copied
from libs.common.db import service_metadata
from libs.contracts.dex import Visibility
from libs.contracts.event import Picture

Moment = DateTime(timezone=True)


class Base(DeclarativeBase):
    metadata = service_metadata()


class DexEntry(Base):
    """One capture of one animal by one player (contract M). The same species may be captured many times."""

    __tablename__ = "dex_entries"
    __table_args__ = (
        UniqueConstraint("owner_id", "animal_id", "catch_date"),
        # What a client that repeats its request runs into (contract D2).
        Index(
            "uq_dex_entries_replay",
            "owner_id",
            "source_vision_job",
            "animal_id",
            unique=True,
            postgresql_where="source_vision_job IS NOT NULL",
        ),
        CheckConstraint("visibility IN ('private', 'friends', 'public')", name="visibility_is_known"),
        Index("ix_dex_entries_owner_catch", "owner_id", "catch_date", "id"),
        Index("ix_dex_entries_owner_updated", "owner_id", "updated_at"),
        Index("ix_dex_entries_owner_visibility", "owner_id", "visibility"),
        Index("ix_dex_entries_animal_visibility", "animal_id", "visibility"),
        Index("ix_dex_entries_visibility_updated", "visibility", "updated_at"),
        Index("ix_dex_entries_catch", "catch_date", "id"),
        Index("ix_dex_entries_updated", "updated_at"),
        Index("ix_dex_entries_favorites", "owner_id", postgresql_where="is_favorite"),
        Index("ix_dex_entries_job", "source_vision_job"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    version: Mapped[int] = mapped_column(BigInteger, default=1)
    owner_id: Mapped[UUID]
    animal_id: Mapped[UUID]
    source_vision_job: Mapped[UUID | None]
    upload_url: Mapped[str | None] = mapped_column(Text)
    """The PNG made of a picture that came with the entry itself; None when only a job's picture is used."""
    picture_url: Mapped[str] = mapped_column(Text)
    """The displayed picture: the job's if there is one, else the entry's own (contract D1)."""
    picture_sha256: Mapped[str] = mapped_column(String(64))
    picture_width: Mapped[int]
    picture_height: Mapped[int]
    picture_at: Mapped[datetime] = mapped_column(Moment)
    location_lat: Mapped[Decimal | None] = mapped_column(Numeric(9, 6))
    location_lon: Mapped[Decimal | None] = mapped_column(Numeric(9, 6))
    location_name: Mapped[str] = mapped_column(String(200), default="")
    notes: Mapped[str] = mapped_column(Text, default="")
    customizations: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    catch_date: Mapped[datetime] = mapped_column(Moment)
    visibility: Mapped[Visibility] = mapped_column(String(10))
    is_favorite: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(Moment)
    updated_at: Mapped[datetime] = mapped_column(Moment)

    @property
    def original_image(self) -> str:
        """The explicit upload, else the job's picture (contract D2)."""
        return self.upload_url or self.picture_url

    @property
    def picture(self) -> Picture:
        return Picture(
            url=self.picture_url,
            sha256=self.picture_sha256,
            width=self.picture_width,
            height=self.picture_height,
            created_at=self.picture_at,
        )

    def show(self, picture: Picture) -> None:
        """Makes `picture` the displayed one."""
        self.picture_url = picture.url
        self.picture_sha256 = picture.sha256
        self.picture_width = picture.width
        self.picture_height = picture.height
        self.picture_at = picture.created_at


class Withdrawal(Base):
    """An entry that devices should no longer keep: deleted, or shown to fewer than before (contract B8)."""

    __tablename__ = "withdrawals"
    __table_args__ = (Index("ix_withdrawals_owner_id", "owner_id", "at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    """The entry's own id."""
    owner_id: Mapped[UUID]
    shown_before: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime] = mapped_column(Moment)


class RefUser(Copied, Base):
    """A player as the users service told."""

    __tablename__ = "ref_users"

    username: Mapped[str] = mapped_column(String(150), server_default="")
    friend_code: Mapped[str] = mapped_column(String(8), server_default="")
    is_superuser: Mapped[bool] = mapped_column(server_default=false())
    location_precision: Mapped[str] = mapped_column(String(20), server_default="hidden")


class RefAnimal(Copied, Base):
    """A species as the animals service told."""

    __tablename__ = "ref_animals"

    scientific_name: Mapped[str] = mapped_column(String(200), server_default="")
    common_name: Mapped[str] = mapped_column(String(200), server_default="")
    conservation_status: Mapped[str] = mapped_column(String(2), server_default="NE")
    creation_index: Mapped[int] = mapped_column(server_default="0")
    verified: Mapped[bool] = mapped_column(server_default=false())
    created_by: Mapped[UUID | None]


class RefJob(Copied, Base):
    """A completed analysis with its picture; None where the job has no usable one."""

    __tablename__ = "ref_jobs"
    __table_args__ = (Index("ix_ref_jobs_user", "user_id"),)

    user_id: Mapped[UUID | None]
    stored_picture: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    trace: Mapped[dict[str, str]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """Trace and correlation id of the upload, which an entry made of the job goes on with."""

    @property
    def picture(self) -> Picture | None:
        return Picture.model_validate(self.stored_picture) if self.stored_picture else None


class RefFriendship(Copied, Base):
    """Two players and how they stand, as the social service told; a tombstone names nobody."""

    __tablename__ = "ref_friendships"
    __table_args__ = (
        Index("ix_ref_friendships_from", "from_user", "to_user"),
        Index("ix_ref_friendships_to", "to_user", "from_user"),
    )

    from_user: Mapped[UUID | None]
    to_user: Mapped[UUID | None]
    status: Mapped[str] = mapped_column(String(10), server_default="")
