"""The trace that a job came with, so that what is made of the job can be found in it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "dex_0003"
down_revision = "dex_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column = sa.Column(
        "trace", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
    )
    op.add_column("ref_jobs", column)


def downgrade() -> None:
    op.drop_column("ref_jobs", "trace")
