"""Pictures, conversions, jobs with their paid calls, and copies of users, animals, entries and friendships."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "vision_0001"
down_revision = None
branch_labels = ("vision",)
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
        "discarded_files",
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("discarded_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_discarded_files"),
    )
    op.create_table(
        "pictures",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("rendition_key", sa.String(length=100), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("removed_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_pictures"),
        sa.UniqueConstraint("key", name="uq_pictures_key"),
    )
    op.create_index("ix_pictures_user_id", "pictures", ["user_id"])
    op.create_table(
        "ref_animals",
        sa.Column("scientific_name", sa.String(length=200), server_default="", nullable=False),
        sa.Column("common_name", sa.String(length=200), server_default="", nullable=False),
        sa.Column("conservation_status", sa.String(length=2), server_default="NE", nullable=False),
        sa.Column("creation_index", sa.Integer(), server_default="0", nullable=False),
        sa.Column("verified", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        *copied(),
        sa.PrimaryKeyConstraint("id", name="pk_ref_animals"),
    )
    op.create_table(
        "ref_dex_entries",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("visibility", sa.String(length=20), server_default="private", nullable=False),
        sa.Column("picture_key", sa.Text(), server_default="", nullable=False),
        *copied(),
        sa.PrimaryKeyConstraint("id", name="pk_ref_dex_entries"),
    )
    op.create_index("ix_ref_dex_entries_job_id", "ref_dex_entries", ["job_id"])
    op.create_index("ix_ref_dex_entries_picture_key", "ref_dex_entries", ["picture_key"])
    op.create_table(
        "ref_friendships",
        sa.Column("from_user", sa.Uuid(), nullable=False),
        sa.Column("to_user", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(length=20), server_default="rejected", nullable=False),
        *copied(),
        sa.PrimaryKeyConstraint("id", name="pk_ref_friendships"),
    )
    op.create_index("ix_ref_friendships_from_user", "ref_friendships", ["from_user", "to_user"])
    op.create_index("ix_ref_friendships_to_user", "ref_friendships", ["to_user", "from_user"])
    op.create_table(
        "ref_users",
        sa.Column("username", sa.String(length=150), server_default="", nullable=False),
        *copied(),
        sa.PrimaryKeyConstraint("id", name="pk_ref_users"),
    )
    op.create_table(
        "image_conversions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("picture_id", sa.Uuid(), nullable=False),
        sa.Column("original_key", sa.String(length=100), nullable=False),
        sa.Column("original_sha256", sa.String(length=64), nullable=False),
        sa.Column("original_format", sa.String(length=10), nullable=False),
        sa.Column("original_width", sa.Integer(), nullable=False),
        sa.Column("original_height", sa.Integer(), nullable=False),
        sa.Column("original_bytes", sa.Integer(), nullable=False),
        sa.Column("transformations", JSONB, nullable=False),
        sa.Column("transformations_applied", JSONB, nullable=False),
        sa.Column("used_in_job", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["picture_id"], ["pictures.id"], name="fk_image_conversions_picture_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_image_conversions"),
    )
    op.create_index("ix_image_conversions_expires_at", "image_conversions", ["expires_at"])
    op.create_index("ix_image_conversions_picture_id", "image_conversions", ["picture_id"])
    op.create_index("ix_image_conversions_user_id", "image_conversions", ["user_id", "original_sha256"])
    op.create_table(
        "analysis_jobs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("source_conversion_id", sa.Uuid(), nullable=True),
        sa.Column("original_key", sa.String(length=100), nullable=False),
        sa.Column("picture_id", sa.Uuid(), nullable=True),
        sa.Column("image_conversion_status", sa.String(length=20), nullable=False),
        sa.Column("transformations", JSONB, server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("post_conversion_transformations", JSONB, server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("cv_method", sa.String(length=20), nullable=False),
        sa.Column("model_name", sa.String(length=100), nullable=False),
        sa.Column("detail_level", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("run_at", MOMENT, nullable=True),
        sa.Column("lease_until", MOMENT, nullable=True),
        sa.Column("lease_token", sa.Uuid(), nullable=True),
        sa.Column("retry_count", sa.Integer(), nullable=False),
        sa.Column("error_message", sa.Text(), nullable=False),
        sa.Column("raw_response", JSONB, nullable=True),
        sa.Column("parsed_prediction", sa.Text(), nullable=False),
        sa.Column("names", JSONB, server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column("suggestions", JSONB, server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column("saw_an_animal", sa.Boolean(), nullable=False),
        sa.Column("score_kind", sa.String(length=20), nullable=False),
        sa.Column("announced_version", sa.BigInteger(), nullable=True),
        sa.Column("announced_at", MOMENT, nullable=True),
        sa.Column("detected_animals", JSONB, server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column("identified_animal", sa.Uuid(), nullable=True),
        sa.Column("selected_animal_index", sa.Integer(), nullable=True),
        sa.Column("confidence_score", sa.Double(), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("cost_usd", sa.Numeric(precision=10, scale=6), nullable=True),
        sa.Column("input_tokens", sa.Integer(), nullable=True),
        sa.Column("output_tokens", sa.Integer(), nullable=True),
        sa.Column("processing_time", sa.Double(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("started_at", MOMENT, nullable=True),
        sa.Column("completed_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["picture_id"], ["pictures.id"], name="fk_analysis_jobs_picture_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["source_conversion_id"],
            ["image_conversions.id"],
            name="fk_analysis_jobs_source_conversion_id",
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_analysis_jobs"),
    )
    op.create_index("ix_analysis_jobs_identified_animal", "analysis_jobs", ["identified_animal"])
    op.create_index(
        "ix_analysis_jobs_leases", "analysis_jobs", ["lease_until"], postgresql_where=sa.text("lease_until IS NOT NULL")
    )
    op.create_index("ix_analysis_jobs_picture_id", "analysis_jobs", ["picture_id"])
    op.create_index(
        "ix_analysis_jobs_queue", "analysis_jobs", ["run_at"], postgresql_where=sa.text("run_at IS NOT NULL")
    )
    op.create_index("ix_analysis_jobs_source_conversion_id", "analysis_jobs", ["source_conversion_id"])
    op.create_index("ix_analysis_jobs_user_id", "analysis_jobs", ["user_id", "created_at", "id"])
    op.create_index(
        "ix_analysis_jobs_waiting", "analysis_jobs", ["announced_at"], postgresql_where=sa.text("status = 'processing'")
    )
    op.create_table(
        "provider_calls",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("model", sa.String(length=100), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.Column("result", sa.String(length=40), nullable=True),
        sa.Column("input_tokens", sa.Integer(), nullable=False),
        sa.Column("output_tokens", sa.Integer(), nullable=False),
        sa.Column("cost_usd", sa.Numeric(precision=10, scale=6), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["analysis_jobs.id"], name="fk_provider_calls_job_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_provider_calls"),
    )
    op.create_index("ix_provider_calls_job_id", "provider_calls", ["job_id"])


def downgrade() -> None:
    op.drop_table("provider_calls")
    op.drop_table("analysis_jobs")
    op.drop_table("image_conversions")
    op.drop_table("ref_users")
    op.drop_table("ref_friendships")
    op.drop_table("ref_dex_entries")
    op.drop_table("ref_animals")
    op.drop_table("pictures")
    op.drop_table("discarded_files")
