"""Pictures get a thumbnail and a record of what they were made of; copies of users know the avatar."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "vision_0002"
down_revision = "vision_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("pictures", sa.Column("thumbnail_key", sa.String(length=100), nullable=True))
    op.add_column("pictures", sa.Column("origin", JSONB, server_default=sa.text("'{}'::jsonb"), nullable=False))
    op.add_column("ref_users", sa.Column("avatar", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("ref_users", "avatar")
    op.drop_column("pictures", "origin")
    op.drop_column("pictures", "thumbnail_key")
