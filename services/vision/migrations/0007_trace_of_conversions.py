"""The trace of an upload, for the job that is asked for with it later."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "vision_0007"
down_revision = "vision_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column = sa.Column(
        "trace", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
    )
    op.add_column("image_conversions", column)


def downgrade() -> None:
    op.drop_column("image_conversions", "trace")
