"""What stays of events that have become too old for the outbox, and the index by which they are found."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "common_0003"
down_revision = "common_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "past_event",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("aggregate_type", sa.String(40), nullable=False),
        sa.Column("aggregate_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.String(80), nullable=False),
        sa.Column("stream_seq", sa.BigInteger(), nullable=True),
        sa.Column("people", postgresql.ARRAY(sa.Uuid()), server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("event_id"),
    )
    op.create_index("ix_past_event_people", "past_event", ["people"], postgresql_using="gin")
    op.create_index(
        "ix_outbox_age", "outbox", ["published_at"], postgresql_where=sa.text("right(subject, 8) <> '.deleted'")
    )


def downgrade() -> None:
    op.drop_index("ix_outbox_age", "outbox")
    op.drop_table("past_event")
