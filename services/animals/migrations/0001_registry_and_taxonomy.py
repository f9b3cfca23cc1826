"""The species registry, the taxonomy, and copies of users and dex entries."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "animals_0001"
down_revision = None
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
TRIGRAMS = "gin_trgm_ops"


def upgrade() -> None:
    _registry()
    _copies()
    _taxonomy()


def downgrade() -> None:
    for table in (
        "common_names",
        "taxa",
        "data_sources",
        "ref_entries",
        "ref_users",
        "resolved_jobs",
        "creation_counter",
        "animals",
    ):
        op.drop_table(table)


def _registry() -> None:
    op.create_table(
        "animals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("scientific_name", sa.String(200), nullable=False),
        sa.Column("common_name", sa.String(200), nullable=False),
        sa.Column("kingdom", sa.String(100), nullable=False),
        sa.Column("phylum", sa.String(100), nullable=False),
        sa.Column("class_name", sa.String(100), nullable=False),
        sa.Column("order", sa.String(100), nullable=False),
        sa.Column("family", sa.String(100), nullable=False),
        sa.Column("subfamily", sa.String(100), nullable=False),
        sa.Column("genus", sa.String(100), nullable=False),
        sa.Column("species", sa.String(100), nullable=False),
        sa.Column("native_regions", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("establishment_means", sa.String(30), nullable=False),
        sa.Column("taxonomy_id", sa.Uuid(), nullable=True),
        sa.Column("taxonomy_source", sa.String(20), nullable=False),
        sa.Column("taxonomy_source_url", sa.Text(), nullable=False),
        sa.Column("taxonomy_confidence", sa.Numeric(3, 2), nullable=True),
        sa.Column("last_verified_at", TIME, nullable=True),
        sa.Column("verification_method", sa.String(10), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("habitat", sa.Text(), nullable=False),
        sa.Column("diet", sa.Text(), nullable=False),
        sa.Column("conservation_status", sa.String(2), nullable=False),
        sa.Column("interesting_facts", postgresql.JSONB(), nullable=False),
        sa.Column("creation_index", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_animals"),
        sa.UniqueConstraint("creation_index", name="uq_animals_creation_index"),
    )
    op.create_index("uq_animals_lower_scientific_name", "animals", [sa.text("lower(scientific_name)")], unique=True)
    op.create_index("ix_animals_created_at", "animals", ["created_at"])
    op.create_index("ix_animals_created_by", "animals", ["created_by"])
    op.create_index("ix_animals_phylum_family", "animals", ["phylum", "family"])
    op.create_table(
        "creation_counter",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_creation_counter"),
    )
    op.create_table(
        "resolved_jobs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_animals", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_resolved_jobs"),
    )


def _copies() -> None:
    op.create_table(
        "ref_users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", TIME, nullable=True),
        sa.Column("username", sa.String(150), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ref_users"),
    )
    op.create_table(
        "ref_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", TIME, nullable=True),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("animal_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_ref_entries"),
    )
    op.create_index(
        "ix_ref_entries_animal_id_owner_id",
        "ref_entries",
        ["animal_id", "owner_id"],
        postgresql_where=sa.text("deleted_at IS NULL"),
    )


def _taxonomy() -> None:
    op.create_table(
        "data_sources",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("short_code", sa.String(20), nullable=False),
        sa.Column("full_name", sa.String(300), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("update_frequency", sa.String(30), nullable=False),
        sa.Column("license", sa.String(200), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("release", sa.String(60), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_data_sources"),
        sa.UniqueConstraint("short_code", name="uq_data_sources_short_code"),
    )
    op.create_table(
        "taxa",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("source_taxon_id", sa.String(160), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("accepted_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.String(12), nullable=False),
        sa.Column("rank", sa.String(40), nullable=False),
        sa.Column("scientific_name", sa.String(200), nullable=False),
        sa.Column("authorship", sa.String(200), nullable=False),
        sa.Column("kingdom", sa.String(100), nullable=False),
        sa.Column("phylum", sa.String(100), nullable=False),
        sa.Column("class_name", sa.String(100), nullable=False),
        sa.Column("order", sa.String(100), nullable=False),
        sa.Column("family", sa.String(100), nullable=False),
        sa.Column("subfamily", sa.String(100), nullable=False),
        sa.Column("genus", sa.String(100), nullable=False),
        sa.Column("generic_name", sa.String(100), nullable=False),
        sa.Column("specific_epithet", sa.String(100), nullable=False),
        sa.Column("infraspecific_epithet", sa.String(100), nullable=False),
        sa.Column("extinct", sa.Boolean(), nullable=True),
        sa.Column("environment", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("nomenclatural_code", sa.String(10), nullable=False),
        sa.Column("source_url", sa.Text(), nullable=False),
        sa.Column("completeness_score", sa.Numeric(3, 2), nullable=False),
        sa.Column("confidence_score", sa.Numeric(3, 2), nullable=True),
        sa.Column("conservation_status", sa.String(2), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_taxa"),
        sa.ForeignKeyConstraint(["source_id"], ["data_sources.id"], name="fk_taxa_source_id"),
    )
    op.create_index("uq_taxa_source_id_source_taxon_id", "taxa", ["source_id", "source_taxon_id"], unique=True)
    op.create_index("ix_taxa_parent_id", "taxa", ["parent_id"])
    op.create_index("ix_taxa_lower_scientific_name", "taxa", [sa.text("lower(scientific_name)")])
    op.create_index(
        "ix_taxa_lower_binomial", "taxa", [sa.text("lower(generic_name)"), sa.text("lower(specific_epithet)")]
    )
    op.create_index(
        "ix_taxa_completeness_score_scientific_name",
        "taxa",
        [sa.text("completeness_score DESC"), "scientific_name", "id"],
    )
    op.create_index(
        "ix_taxa_trigrams",
        "taxa",
        ["scientific_name", "genus", "specific_epithet"],
        postgresql_using="gin",
        postgresql_ops={"scientific_name": TRIGRAMS, "genus": TRIGRAMS, "specific_epithet": TRIGRAMS},
    )
    op.create_table(
        "common_names",
        sa.Column("taxon_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("language", sa.String(10), nullable=False),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("is_preferred", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("taxon_id", "name", "language", "country", name="pk_common_names"),
        sa.ForeignKeyConstraint(["taxon_id"], ["taxa.id"], name="fk_common_names_taxon_id", ondelete="CASCADE"),
    )
    op.create_index("ix_common_names_lower_name", "common_names", [sa.text("lower(name)")])
    op.create_index(
        "ix_common_names_trigrams",
        "common_names",
        ["name"],
        postgresql_using="gin",
        postgresql_ops={"name": TRIGRAMS},
    )
