"""The tables of the users service (contract M)."""

from datetime import date, datetime
from typing import Any, Literal, Self
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, DateTime, ForeignKey, Index, LargeBinary, String, Text, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, column_property, mapped_column

from libs.common.copies import Copied
from libs.common.db import service_metadata

LocationPrecision = Literal["exact", "approximate", "coarse", "hidden"]


class Base(DeclarativeBase):
    metadata = service_metadata()
    type_annotation_map = {datetime: DateTime(timezone=True), str: Text()}  # noqa: RUF012 - SQLAlchemy reads it so


class Catch(Copied, Base):
    """Of every dex entry what the counters need; without an owner once the entry or its owner is gone."""

    __tablename__ = "catches"
    __table_args__ = (Index(None, "owner_id", "animal_id", "catch_date"),)

    owner_id: Mapped[UUID | None]
    animal_id: Mapped[UUID | None]
    catch_date: Mapped[datetime | None]


class User(Base):
    """An account with its profile; `version` grows with every published change."""

    __tablename__ = "users"
    __table_args__ = (Index(None, "created_at", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    version: Mapped[int] = mapped_column(BigInteger, default=1)
    username: Mapped[str] = mapped_column(String(150))
    username_key: Mapped[str] = mapped_column(unique=True)
    """Folded by `names.fold`, as is the e-mail address: names that differ only in case are one name."""
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    friend_code: Mapped[str] = mapped_column(String(8), unique=True)
    bio: Mapped[str] = mapped_column(String(500), default="")
    avatar: Mapped[str | None]
    badges: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    preferred_card_style: Mapped[Any] = mapped_column(JSONB, default=dict)
    location_precision: Mapped[LocationPrecision] = mapped_column(String(11), default="approximate")
    is_staff: Mapped[bool] = mapped_column(default=False)
    is_superuser: Mapped[bool] = mapped_column(default=False)
    is_active: Mapped[bool] = mapped_column(default=True)
    last_login: Mapped[datetime | None] = mapped_column(index=True)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    @property
    def runs_the_place(self) -> bool:
        """Staff, in the contract's sense."""
        return self.is_staff or self.is_superuser

    @property
    def join_date(self) -> date:
        return self.created_at.date()

    @property
    def profile(self) -> Self:
        """The contract nests the profile; here it is part of the same row."""
        return self

    # Counted anew with every read, never added up: an event that comes late or twice cannot spoil them (contract B13).
    total_catches: Mapped[int] = column_property(
        select(func.count(Catch.id)).where(Catch.owner_id == id).correlate_except(Catch).scalar_subquery()
    )
    unique_species: Mapped[int] = column_property(
        select(func.count(Catch.animal_id.distinct()))
        .where(Catch.owner_id == id)
        .correlate_except(Catch)
        .scalar_subquery()
    )
    last_catch_date: Mapped[datetime | None] = column_property(
        select(func.max(Catch.catch_date)).where(Catch.owner_id == id).correlate_except(Catch).scalar_subquery()
    )


class RefreshToken(Base):
    """One refresh token; all that descend from one login are a family (contract T3)."""

    __tablename__ = "refresh_tokens"

    jti: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), index=True)
    family: Mapped[UUID] = mapped_column(index=True)
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    rotated_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class Miss(Base):
    """Wrong guesses within a window; the key is a keyed hash, so that the table names nobody (contract G7)."""

    __tablename__ = "misses"

    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    times: Mapped[int]
    ends_at: Mapped[datetime] = mapped_column(index=True)
