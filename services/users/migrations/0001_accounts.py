"""Accounts, their refresh tokens, wrong guesses, and the copy of everybody's catches."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "users_0001"
down_revision = None
branch_labels = ("users",)
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("username", sa.String(150), nullable=False),
        sa.Column("username_key", sa.Text(), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("email_key", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("friend_code", sa.String(8), nullable=False),
        sa.Column("bio", sa.String(500), nullable=False),
        sa.Column("avatar", sa.Text(), nullable=True),
        sa.Column("badges", postgresql.JSONB(), nullable=False),
        sa.Column("preferred_card_style", postgresql.JSONB(), nullable=False),
        sa.Column("location_precision", sa.String(11), nullable=False),
        sa.Column("is_staff", sa.Boolean(), nullable=False),
        sa.Column("is_superuser", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("last_login", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("username_key", name="uq_users_username_key"),
        sa.UniqueConstraint("email_key", name="uq_users_email_key"),
        sa.UniqueConstraint("friend_code", name="uq_users_friend_code"),
    )
    op.create_index("ix_users_created_at_id", "users", ["created_at", "id"])
    op.create_index("ix_users_last_login", "users", ["last_login"])
    op.create_table(
        "refresh_tokens",
        sa.Column("jti", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("family", sa.Uuid(), nullable=False),
        sa.Column("issued_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("rotated_at", MOMENT, nullable=True),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("jti", name="pk_refresh_tokens"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_refresh_tokens_user_id", ondelete="CASCADE"),
    )
    op.create_index("ix_refresh_tokens_user_id", "refresh_tokens", ["user_id"])
    op.create_index("ix_refresh_tokens_family", "refresh_tokens", ["family"])
    op.create_index("ix_refresh_tokens_expires_at", "refresh_tokens", ["expires_at"])
    op.create_table(
        "misses",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_misses"),
    )
    op.create_index("ix_misses_ends_at", "misses", ["ends_at"])
    op.create_table(
        "catches",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", MOMENT, nullable=True),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("animal_id", sa.Uuid(), nullable=True),
        sa.Column("catch_date", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_catches"),
    )
    op.create_index("ix_catches_owner_id_animal_id_catch_date", "catches", ["owner_id", "animal_id", "catch_date"])


def downgrade() -> None:
    for table in ("catches", "misses", "refresh_tokens", "users"):
        op.drop_table(table)
