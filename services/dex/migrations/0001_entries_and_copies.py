"""The entries, and copies of players, animals, jobs and friendships."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "dex_0001"
down_revision = None
branch_labels = ("dex",)
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def copied() -> list[sa.Column]:
    """The columns of every local copy."""
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", MOMENT, nullable=True),
    ]


def upgrade() -> None:
    op.create_table(
        "dex_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("animal_id", sa.Uuid(), nullable=False),
        sa.Column("source_vision_job", sa.Uuid(), nullable=True),
        sa.Column("upload_url", sa.Text(), nullable=True),
        sa.Column("picture_url", sa.Text(), nullable=False),
        sa.Column("picture_sha256", sa.String(64), nullable=False),
        sa.Column("picture_width", sa.Integer(), nullable=False),
        sa.Column("picture_height", sa.Integer(), nullable=False),
        sa.Column("picture_at", MOMENT, nullable=False),
        sa.Column("location_lat", sa.Numeric(9, 6), nullable=True),
        sa.Column("location_lon", sa.Numeric(9, 6), nullable=True),
        sa.Column("location_name", sa.String(200), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("customizations", postgresql.JSONB(), nullable=False),
        sa.Column("catch_date", MOMENT, nullable=False),
        sa.Column("visibility", sa.String(10), nullable=False),
        sa.Column("is_favorite", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_dex_entries"),
        sa.UniqueConstraint("owner_id", "animal_id", "catch_date", name="uq_dex_entries_owner_id_animal_id_catch_date"),
        sa.CheckConstraint(
            "visibility IN ('private', 'friends', 'public')", name=op.f("ck_dex_entries_visibility_is_known")
        ),
    )
    op.create_index(
        "uq_dex_entries_replay",
        "dex_entries",
        ["owner_id", "source_vision_job", "animal_id"],
        unique=True,
        postgresql_where=sa.text("source_vision_job IS NOT NULL"),
    )
    op.create_index("ix_dex_entries_owner_catch", "dex_entries", ["owner_id", "catch_date", "id"])
    op.create_index("ix_dex_entries_owner_updated", "dex_entries", ["owner_id", "updated_at"])
    op.create_index("ix_dex_entries_owner_visibility", "dex_entries", ["owner_id", "visibility"])
    op.create_index("ix_dex_entries_animal_visibility", "dex_entries", ["animal_id", "visibility"])
    op.create_index("ix_dex_entries_visibility_updated", "dex_entries", ["visibility", "updated_at"])
    op.create_index("ix_dex_entries_catch", "dex_entries", ["catch_date", "id"])
    op.create_index("ix_dex_entries_updated", "dex_entries", ["updated_at"])
    op.create_index("ix_dex_entries_favorites", "dex_entries", ["owner_id"], postgresql_where=sa.text("is_favorite"))
    op.create_index("ix_dex_entries_job", "dex_entries", ["source_vision_job"])
    op.create_table(
        "ref_users",
        *copied(),
        sa.Column("username", sa.String(150), server_default="", nullable=False),
        sa.Column("friend_code", sa.String(8), server_default="", nullable=False),
        sa.Column("is_superuser", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("location_precision", sa.String(20), server_default="hidden", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ref_users"),
    )
    op.create_table(
        "ref_animals",
        *copied(),
        sa.Column("scientific_name", sa.String(200), server_default="", nullable=False),
        sa.Column("common_name", sa.String(200), server_default="", nullable=False),
        sa.Column("conservation_status", sa.String(2), server_default="NE", nullable=False),
        sa.Column("creation_index", sa.Integer(), server_default="0", nullable=False),
        sa.Column("verified", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_ref_animals"),
    )
    op.create_table(
        "ref_jobs",
        *copied(),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("stored_picture", postgresql.JSONB(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_ref_jobs"),
    )
    op.create_index("ix_ref_jobs_user", "ref_jobs", ["user_id"])
    op.create_table(
        "ref_friendships",
        *copied(),
        sa.Column("from_user", sa.Uuid(), nullable=True),
        sa.Column("to_user", sa.Uuid(), nullable=True),
        sa.Column("status", sa.String(10), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ref_friendships"),
    )
    op.create_index("ix_ref_friendships_from", "ref_friendships", ["from_user", "to_user"])
    op.create_index("ix_ref_friendships_to", "ref_friendships", ["to_user", "from_user"])


def downgrade() -> None:
    for table in ("ref_friendships", "ref_jobs", "ref_animals", "ref_users", "dex_entries"):
        op.drop_table(table)
