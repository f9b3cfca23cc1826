"""The taxonomy: its sources, names, what goes with a name, and the imports that brought them."""

from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, BigInteger, Computed, DateTime, ForeignKey, Index, Numeric, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.values import now
from services.animals.models.base import Base

OFFERED: Final = "status IN ('accepted', 'provisional')"
"""Which taxa a search offers (contract X2); as text, because an index for a part of a table is found by its words."""
NAME_SEPARATOR: Final = "\x1f"
"""Between the names in `searched`, so that nothing is found across two of them."""
SEARCHED_HEAD: Final = 300
"""Characters; with all of them of four bytes an entry still fits into an index."""


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
    accepted_by_rank: Mapped[dict[str, int]] = mapped_column(JSONB, default=dict, server_default="{}")
    """How many accepted taxa there are of each rank, counted when they were imported."""


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
    searched: Mapped[str] = mapped_column(Text, default="", server_default="")
    """All that `q` looks at, in small letters: the scientific name, its parts, and the common names; see `search`."""
    searched_head: Mapped[str] = mapped_column(Text, Computed(f"left(searched, {SEARCHED_HEAD})", persisted=True))
    """As much of it as an index can carry; of nearly all taxa it is everything."""
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)

    __table_args__ = (
        Index("uq_taxa_source_id_source_taxon_id", "source_id", "source_taxon_id", unique=True),
        Index("ix_taxa_parent_id", "parent_id"),
        Index("ix_taxa_lower_scientific_name", text("lower(scientific_name)")),
        Index("ix_taxa_lower_binomial", text("lower(generic_name)"), text("lower(specific_epithet)")),
        Index("ix_taxa_scientific_name_id", "scientific_name", "id", postgresql_where=text("status = 'accepted'")),
        Index(
            "ix_taxa_in_search_order",
            text("completeness_score DESC"),
            "scientific_name",
            "id",
            postgresql_include=["searched_head", "rank", "kingdom"],
            postgresql_where=text(OFFERED),
        ),
        Index("ix_taxa_searched", "searched", postgresql_using="gin", postgresql_ops={"searched": "gin_trgm_ops"}),
    )


class CommonName(Base):
    """What people call a taxon, by language (ISO 639-3) and country."""

    __tablename__ = "common_names"

    taxon_id: Mapped[UUID] = mapped_column(ForeignKey("taxa.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    language: Mapped[str] = mapped_column(String(10), primary_key=True)
    country: Mapped[str] = mapped_column(String(2), primary_key=True)
    is_preferred: Mapped[bool]

    __table_args__ = (Index("ix_common_names_lower_name", text("lower(name)")),)


class GeographicDistribution(Base):
    """Where a taxon lives, and how it fares there; in the order of its source."""

    __tablename__ = "geographic_distributions"

    taxon_id: Mapped[UUID] = mapped_column(ForeignKey("taxa.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    area_code: Mapped[str] = mapped_column(String(100))
    gazetteer: Mapped[str] = mapped_column(String(30))
    area_name: Mapped[str] = mapped_column(String(300))
    establishment_means: Mapped[str] = mapped_column(String(30))
    occurrence_status: Mapped[str] = mapped_column(String(30))
    threat_status: Mapped[str] = mapped_column(String(30))
    """The IUCN code where the source's word for it is known, else that word."""


class NameRelation(Base):
    """What two names have to do with each other, in the words of the source: `basionym`, `spelling correction` …"""

    __tablename__ = "name_relations"

    taxon_id: Mapped[UUID] = mapped_column(ForeignKey("taxa.id", ondelete="CASCADE"), primary_key=True)
    related_taxon_id: Mapped[UUID] = mapped_column(ForeignKey("taxa.id", ondelete="CASCADE"), primary_key=True)
    relation_type: Mapped[str] = mapped_column(String(50), primary_key=True)

    __table_args__ = (Index("ix_name_relations_related_taxon_id", "related_taxon_id"),)


class ImportJob(Base):
    """One import of a catalogue: how far it has come, and what became of it."""

    __tablename__ = "import_jobs"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    source: Mapped[str] = mapped_column(String(20))
    """The short code; no foreign key, because the source's row comes with its first complete import."""
    file_name: Mapped[str] = mapped_column(String(255))
    release: Mapped[str] = mapped_column(String(60), default="")
    status: Mapped[str] = mapped_column(String(12), default="pending")
    """pending, processing, validating, importing, then completed, failed or cancelled."""
    rows_read: Mapped[int] = mapped_column(BigInteger, default=0)
    rows_skipped: Mapped[int] = mapped_column(BigInteger, default=0)
    """Lines left out: names of other kingdoms, names without a name, and what is too long to be one."""
    taxa: Mapped[int] = mapped_column(BigInteger, default=0)
    common_names: Mapped[int] = mapped_column(BigInteger, default=0)
    distributions: Mapped[int] = mapped_column(BigInteger, default=0)
    name_relations: Mapped[int] = mapped_column(BigInteger, default=0)
    error_log: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now, onupdate=now)
    completed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), default=None)

    __table_args__ = (Index("ix_import_jobs_source_created_at", "source", "created_at"),)
