"""Whose personal data an event holds, so that the log can forget a person."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "common_0002"
down_revision = "common_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    people = postgresql.ARRAY(sa.Uuid())
    op.add_column("outbox", sa.Column("people", people, server_default="{}", nullable=False))
    op.add_column("outbox", sa.Column("forgotten_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_outbox_people", "outbox", ["people"], postgresql_using="gin")
    op.create_index(
        "ix_outbox_forgotten", "outbox", ["forgotten_at"], postgresql_where=sa.text("forgotten_at IS NOT NULL")
    )
    op.create_table(
        "forgotten_person",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), server_default=sa.func.clock_timestamp(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def downgrade() -> None:
    op.drop_table("forgotten_person")
    op.drop_index("ix_outbox_forgotten", "outbox")
    op.drop_index("ix_outbox_people", "outbox")
    op.drop_column("outbox", "forgotten_at")
    op.drop_column("outbox", "people")
