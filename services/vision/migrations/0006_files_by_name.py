"""Whether any row names a file is asked by the thousand: each column that names files gets its index."""

from alembic import op

revision = "vision_0006"
down_revision = "vision_0005"
branch_labels = None
depends_on = None

COLUMNS = (
    ("pictures", "rendition_key"),
    ("pictures", "thumbnail_key"),
    ("image_conversions", "original_key"),
    ("analysis_jobs", "original_key"),
)


def upgrade() -> None:
    for table, column in COLUMNS:
        op.create_index(f"ix_{table}_{column}", table, [column])


def downgrade() -> None:
    for table, column in COLUMNS:
        op.drop_index(f"ix_{table}_{column}", table)
