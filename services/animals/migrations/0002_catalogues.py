"""What a catalogue brings besides names, the record of imports, and a search that a million names do not slow down."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "animals_0002"
down_revision = "animals_0001"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
COUNTERS = ("rows_read", "rows_skipped", "taxa", "common_names", "distributions", "name_relations")


OFFERED = sa.text("status IN ('accepted', 'provisional')")


def upgrade() -> None:
    _catalogues()
    _search()


def _search() -> None:
    op.add_column(
        "data_sources", sa.Column("accepted_by_rank", postgresql.JSONB(), server_default="{}", nullable=False)
    )
    for index, table in (
        ("ix_taxa_completeness_score_scientific_name", "taxa"),
        ("ix_taxa_trigrams", "taxa"),
        ("ix_common_names_trigrams", "common_names"),
    ):
        op.drop_index(index, table)
    # Filled by the next import: the built-in backbone has a new release, which every start takes in.
    op.add_column("taxa", sa.Column("searched", sa.Text(), server_default="", nullable=False))
    op.add_column(
        "taxa",
        sa.Column("searched_head", sa.Text(), sa.Computed("left(searched, 300)", persisted=True), nullable=False),
    )
    op.create_index(
        "ix_taxa_scientific_name_id", "taxa", ["scientific_name", "id"], postgresql_where=sa.text("status = 'accepted'")
    )
    op.create_index(
        "ix_taxa_in_search_order",
        "taxa",
        [sa.text("completeness_score DESC"), "scientific_name", "id"],
        postgresql_include=["searched_head", "rank", "kingdom"],
        postgresql_where=OFFERED,
    )
    op.create_index(
        "ix_taxa_searched", "taxa", ["searched"], postgresql_using="gin", postgresql_ops={"searched": "gin_trgm_ops"}
    )


def _catalogues() -> None:
    op.create_table(
        "geographic_distributions",
        sa.Column("taxon_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("area_code", sa.String(100), nullable=False),
        sa.Column("gazetteer", sa.String(30), nullable=False),
        sa.Column("area_name", sa.String(300), nullable=False),
        sa.Column("establishment_means", sa.String(30), nullable=False),
        sa.Column("occurrence_status", sa.String(30), nullable=False),
        sa.Column("threat_status", sa.String(30), nullable=False),
        sa.PrimaryKeyConstraint("taxon_id", "position", name="pk_geographic_distributions"),
        sa.ForeignKeyConstraint(
            ["taxon_id"], ["taxa.id"], name="fk_geographic_distributions_taxon_id", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "name_relations",
        sa.Column("taxon_id", sa.Uuid(), nullable=False),
        sa.Column("related_taxon_id", sa.Uuid(), nullable=False),
        sa.Column("relation_type", sa.String(50), nullable=False),
        sa.PrimaryKeyConstraint("taxon_id", "related_taxon_id", "relation_type", name="pk_name_relations"),
        sa.ForeignKeyConstraint(["taxon_id"], ["taxa.id"], name="fk_name_relations_taxon_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["related_taxon_id"], ["taxa.id"], name="fk_name_relations_related_taxon_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_name_relations_related_taxon_id", "name_relations", ["related_taxon_id"])
    op.create_table(
        "import_jobs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("file_name", sa.String(255), nullable=False),
        sa.Column("release", sa.String(60), nullable=False),
        sa.Column("status", sa.String(12), nullable=False),
        *(sa.Column(counter, sa.BigInteger(), nullable=False) for counter in COUNTERS),
        sa.Column("error_log", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("completed_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_import_jobs"),
    )
    op.create_index("ix_import_jobs_source_created_at", "import_jobs", ["source", "created_at"])


def downgrade() -> None:
    for index in ("ix_taxa_searched", "ix_taxa_in_search_order", "ix_taxa_scientific_name_id"):
        op.drop_index(index, "taxa")
    op.drop_column("taxa", "searched_head")
    op.drop_column("taxa", "searched")
    op.drop_column("data_sources", "accepted_by_rank")
    names = ["scientific_name", "genus", "specific_epithet"]
    for index, table, columns in (
        ("ix_taxa_trigrams", "taxa", names),
        ("ix_common_names_trigrams", "common_names", ["name"]),
    ):
        op.create_index(
            index, table, columns, postgresql_using="gin", postgresql_ops=dict.fromkeys(columns, "gin_trgm_ops")
        )
    op.create_index(
        "ix_taxa_completeness_score_scientific_name",
        "taxa",
        [sa.text("completeness_score DESC"), "scientific_name", "id"],
    )
    for table in ("import_jobs", "name_relations", "geographic_distributions"):
        op.drop_table(table)
