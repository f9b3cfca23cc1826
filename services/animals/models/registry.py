"""The species registry, and copies of what others own."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, BigInteger, DateTime, Index, Numeric, String, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.copies import Copied
from libs.common.values import now
from services.animals.models.base import Base


class Animal(Base):
    """One species of the registry, or a genus where nobody could tell more. Numbered densely (contract B1)."""

    __tablename__ = "animals"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    version: Mapped[int] = mapped_column(BigInteger, default=1)
    scientific_name: Mapped[str] = mapped_column(String(200))
    common_name: Mapped[str] = mapped_column(String(200))
    kingdom: Mapped[str] = mapped_column(String(100), default="Animalia")
    phylum: Mapped[str] = mapped_column(String(100), default="")
    class_name: Mapped[str] = mapped_column(String(100), default="")
    order: Mapped[str] = mapped_column(String(100), default="")
    family: Mapped[str] = mapped_column(String(100), default="")
    subfamily: Mapped[str] = mapped_column(String(100), default="")
    genus: Mapped[str] = mapped_column(String(100), default="")
    species: Mapped[str] = mapped_column(String(100), default="")
    """The specific epithet alone: `lupus`."""
    native_regions: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    establishment_means: Mapped[str] = mapped_column(String(30), default="")
    taxonomy_id: Mapped[UUID | None] = mapped_column(default=None)
    """The taxon that backs this record; no foreign key, because a release may drop a taxon and no animal goes by it."""
    taxonomy_source: Mapped[str] = mapped_column(String(20), default="")
    taxonomy_source_url: Mapped[str] = mapped_column(Text, default="")
    taxonomy_confidence: Mapped[Decimal | None] = mapped_column(Numeric(3, 2), default=None)
    last_verified_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), default=None)
    verification_method: Mapped[str] = mapped_column(String(10), default="cv")
    """How the record came to be believed: manual, taxonomy, cv or user."""
    description: Mapped[str] = mapped_column(Text, default="")
    habitat: Mapped[str] = mapped_column(Text, default="")
    diet: Mapped[str] = mapped_column(Text, default="")
    conservation_status: Mapped[str] = mapped_column(String(2), default="NE")
    interesting_facts: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    creation_index: Mapped[int] = mapped_column(unique=True)
    created_by: Mapped[UUID | None] = mapped_column(default=None)
    verified: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now, onupdate=now)

    __table_args__ = (
        Index("uq_animals_lower_scientific_name", text("lower(scientific_name)"), unique=True),
        Index("ix_animals_created_at", "created_at"),
        Index("ix_animals_created_by", "created_by"),
        Index("ix_animals_phylum_family", "phylum", "family"),
    )


class CreationCounter(Base):
    """The one row with the last number given: who holds its lock is the only one who creates."""

    __tablename__ = "creation_counter"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int]


class ResolvedJob(Base):
    """A job whose names were led to animals, so that the same event a second time changes nothing."""

    __tablename__ = "resolved_jobs"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)
    created_animals: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), default=list)


class RefUser(Copied, Base):
    """What answers need of a user: the name."""

    __tablename__ = "ref_users"

    username: Mapped[str] = mapped_column(String(150), server_default="")


class RefEntry(Copied, Base):
    """Who caught which animal, for discovery and capture counts."""

    __tablename__ = "ref_entries"

    owner_id: Mapped[UUID | None]
    animal_id: Mapped[UUID | None]

    __table_args__ = (
        Index(
            "ix_ref_entries_animal_id_owner_id", "animal_id", "owner_id", postgresql_where=text("deleted_at IS NULL")
        ),
    )
