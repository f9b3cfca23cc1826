"""Entries that devices should no longer keep."""

import sqlalchemy as sa
from alembic import op

revision = "dex_0002"
down_revision = "dex_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "withdrawals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("shown_before", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_withdrawals")),
    )
    op.create_index("ix_withdrawals_owner_id", "withdrawals", ["owner_id", "at"])


def downgrade() -> None:
    op.drop_table("withdrawals")
