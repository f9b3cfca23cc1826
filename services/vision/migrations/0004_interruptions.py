"""A job counts how often its worker died, apart from how often it failed."""

import sqlalchemy as sa
from alembic import op

revision = "vision_0004"
down_revision = "vision_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("analysis_jobs", sa.Column("interruptions", sa.Integer, server_default=sa.text("0"), nullable=False))


def downgrade() -> None:
    op.drop_column("analysis_jobs", "interruptions")
