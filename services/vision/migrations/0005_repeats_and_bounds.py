"""A job knows what was uploaded for it; a call knows for whom it was made, and outlives its job."""

import sqlalchemy as sa
from alembic import op

revision = "vision_0005"
down_revision = "vision_0004"
branch_labels = None
depends_on = None

FOREIGN_KEY = "fk_provider_calls_job_id"


def upgrade() -> None:
    op.add_column("analysis_jobs", sa.Column("upload_sha256", sa.String(length=64), nullable=True))
    op.create_index(
        "ix_analysis_jobs_unfinished",
        "analysis_jobs",
        ["user_id", "upload_sha256"],
        postgresql_where=sa.text("completed_at IS NULL"),
    )
    op.add_column("provider_calls", sa.Column("user_id", sa.Uuid(), nullable=True))
    op.create_index("ix_provider_calls_user_id", "provider_calls", ["user_id", "started_at"])
    op.create_index("ix_provider_calls_started_at", "provider_calls", ["started_at"])
    op.alter_column("provider_calls", "job_id", nullable=True)
    op.drop_constraint(FOREIGN_KEY, "provider_calls", type_="foreignkey")
    op.create_foreign_key(FOREIGN_KEY, "provider_calls", "analysis_jobs", ["job_id"], ["id"], ondelete="SET NULL")


def downgrade() -> None:
    op.execute("DELETE FROM provider_calls WHERE job_id IS NULL")
    op.drop_constraint(FOREIGN_KEY, "provider_calls", type_="foreignkey")
    op.create_foreign_key(FOREIGN_KEY, "provider_calls", "analysis_jobs", ["job_id"], ["id"], ondelete="CASCADE")
    op.alter_column("provider_calls", "job_id", nullable=False)
    op.drop_index("ix_provider_calls_started_at", "provider_calls")
    op.drop_index("ix_provider_calls_user_id", "provider_calls")
    op.drop_column("provider_calls", "user_id")
    op.drop_index("ix_analysis_jobs_unfinished", "analysis_jobs")
    op.drop_column("analysis_jobs", "upload_sha256")
