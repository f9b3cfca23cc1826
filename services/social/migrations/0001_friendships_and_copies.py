"""Friendships, and copies of players and their entries."""

import sqlalchemy as sa
from alembic import op

revision = "social_0001"
down_revision = None
branch_labels = ("social",)
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
        "friendships",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("from_user", sa.Uuid(), nullable=False),
        sa.Column("to_user", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("blocker", sa.Uuid(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_friendships"),
        sa.CheckConstraint("from_user <> to_user", name=op.f("ck_friendships_never_with_oneself")),
        sa.CheckConstraint(
            "status IN ('pending', 'accepted', 'rejected', 'blocked')", name=op.f("ck_friendships_status_is_known")
        ),
        sa.CheckConstraint(
            "(blocker IS NOT NULL) = (status = 'blocked')", name=op.f("ck_friendships_blocked_by_somebody")
        ),
    )
    op.create_index(
        "uq_friendships_pair",
        "friendships",
        [sa.text("LEAST(from_user, to_user)"), sa.text("GREATEST(from_user, to_user)")],
        unique=True,
    )
    op.create_index("ix_friendships_from", "friendships", ["from_user", "status"])
    op.create_index("ix_friendships_to", "friendships", ["to_user", "status"])
    op.create_table(
        "ref_users",
        *copied(),
        sa.Column("username", sa.String(150), server_default="", nullable=False),
        sa.Column("friend_code", sa.String(8), server_default="", nullable=False),
        sa.Column("avatar", sa.Text(), nullable=True),
        sa.Column("is_superuser", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ref_users"),
    )
    op.create_index("ix_ref_users_friend_code", "ref_users", ["friend_code"])
    op.create_table(
        "ref_entries",
        *copied(),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("animal_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_ref_entries"),
    )
    op.create_index(
        "ix_ref_entries_owner",
        "ref_entries",
        ["owner_id", "animal_id"],
        postgresql_where=sa.text("deleted_at IS NULL"),
    )


def downgrade() -> None:
    for table in ("ref_entries", "ref_users", "friendships"):
        op.drop_table(table)
