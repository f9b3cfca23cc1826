"""The tables of the animals service: the species registry, the taxonomy, and copies of what others own."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, BigInteger, DateTime, ForeignKey, Index, Numeric, String, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from libs.common.copies import Copied
from libs.common.db import service_metadata
from libs.common.values import now

KEEP_IN_TESTS: Final = {"data_sources", "taxa", "common_names"}
"""Reference data that takes seconds to load and that no test changes for good."""

TRIGRAMS: Final = "gin_trgm_ops"


class Base(DeclarativeBase):
    metadata = service_metadata()


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


class DataSource(Base):
    """Where taxa come from. The lower its priority number, the more it counts."""

    __tablename__ = "data_sources"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    version: Mapped[int] = mapped_column(BigInteger, default=0)
    name: Mapped[str] = mapped_column(String(100))
    short_code: Mapped[str] = mapped_column(String(20), unique=True)
    full_name: Mapped[str] = mapped_column(String(300))
    url: Mapped[str] = mapped_column(Text)
    update_frequency: Mapped[str] = mapped_column(String(30))
    license: Mapped[str] = mapped_column(String(200))
    is_active: Mapped[bool] = mapped_column(default=True)
    priority: Mapped[int]
    release: Mapped[str] = mapped_column(String(60), default="")
    """The release that the taxa are from; empty until the first import is complete."""


class Taxon(Base):
    """One name of a source: accepted, or leading to the accepted one. Its ranks stand in columns, ready to read.

    No foreign keys to other taxa: imports are set-based and bring millions of rows.
    """

    __tablename__ = "taxa"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    source_id: Mapped[UUID] = mapped_column(ForeignKey("data_sources.id"))
    source_taxon_id: Mapped[str] = mapped_column(String(160))
    parent_id: Mapped[UUID | None]
    accepted_id: Mapped[UUID | None]
    status: Mapped[str] = mapped_column(String(12))
    rank: Mapped[str] = mapped_column(String(40))
    scientific_name: Mapped[str] = mapped_column(String(200))
    authorship: Mapped[str] = mapped_column(String(200))
    kingdom: Mapped[str] = mapped_column(String(100))
    phylum: Mapped[str] = mapped_column(String(100))
    class_name: Mapped[str] = mapped_column(String(100))
    order: Mapped[str] = mapped_column(String(100))
    family: Mapped[str] = mapped_column(String(100))
    subfamily: Mapped[str] = mapped_column(String(100))
    genus: Mapped[str] = mapped_column(String(100))
    """The genus in the hierarchy; a synonym's own first word is `generic_name`."""
    generic_name: Mapped[str] = mapped_column(String(100))
    specific_epithet: Mapped[str] = mapped_column(String(100))
    infraspecific_epithet: Mapped[str] = mapped_column(String(100))
    extinct: Mapped[bool | None]
    environment: Mapped[list[str]] = mapped_column(ARRAY(Text))
    nomenclatural_code: Mapped[str] = mapped_column(String(10))
    source_url: Mapped[str] = mapped_column(Text)
    completeness_score: Mapped[Decimal] = mapped_column(Numeric(3, 2))
    confidence_score: Mapped[Decimal | None] = mapped_column(Numeric(3, 2))
    conservation_status: Mapped[str] = mapped_column(String(2))
    """The IUCN code; NE where none is known."""
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)

    __table_args__ = (
        Index("uq_taxa_source_id_source_taxon_id", "source_id", "source_taxon_id", unique=True),
        Index("ix_taxa_parent_id", "parent_id"),
        Index("ix_taxa_lower_scientific_name", text("lower(scientific_name)")),
        Index("ix_taxa_lower_binomial", text("lower(generic_name)"), text("lower(specific_epithet)")),
        Index("ix_taxa_completeness_score_scientific_name", text("completeness_score DESC"), "scientific_name", "id"),
        Index(
            "ix_taxa_trigrams",
            "scientific_name",
            "genus",
            "specific_epithet",
            postgresql_using="gin",
            postgresql_ops={"scientific_name": TRIGRAMS, "genus": TRIGRAMS, "specific_epithet": TRIGRAMS},
        ),
    )


class CommonName(Base):
    """What people call a taxon, by language (ISO 639-3) and country."""

    __tablename__ = "common_names"

    taxon_id: Mapped[UUID] = mapped_column(ForeignKey("taxa.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    language: Mapped[str] = mapped_column(String(10), primary_key=True)
    country: Mapped[str] = mapped_column(String(2), primary_key=True)
    is_preferred: Mapped[bool]

    __table_args__ = (
        Index("ix_common_names_lower_name", text("lower(name)")),
        Index("ix_common_names_trigrams", "name", postgresql_using="gin", postgresql_ops={"name": TRIGRAMS}),
    )
