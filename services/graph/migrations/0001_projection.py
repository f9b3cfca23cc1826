"""The projection: copies of users, animals, captures and friendships, and the versions of what can be seen."""

import sqlalchemy as sa
from alembic import op

revision = "graph_0001"
down_revision = None
branch_labels = None
depends_on = None


def copied() -> list[sa.Column]:
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
    ]


def name(column: str, length: int) -> sa.Column:
    return sa.Column(column, sa.String(length), server_default="", nullable=False)


def flag(column: str) -> sa.Column:
    return sa.Column(column, sa.Boolean(), server_default=sa.text("false"), nullable=False)


def upgrade() -> None:
    op.create_table(
        "ref_users",
        *copied(),
        name("username", 150),
        name("friend_code", 8),
        flag("is_superuser"),
        sa.PrimaryKeyConstraint("id", name="pk_ref_users"),
    )
    op.create_table(
        "ref_animals",
        *copied(),
        name("scientific_name", 200),
        name("common_name", 200),
        name("kingdom", 100),
        name("phylum", 100),
        name("class_name", 100),
        name("order", 100),
        name("family", 100),
        name("genus", 100),
        name("species", 100),
        sa.Column("conservation_status", sa.String(2), server_default="NE", nullable=False),
        sa.Column("creation_index", sa.Integer(), server_default="0", nullable=False),
        flag("verified"),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_ref_animals"),
    )
    op.create_index("ix_ref_animals_created_by", "ref_animals", ["created_by"])
    op.create_table(
        "captures",
        *copied(),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("animal_id", sa.Uuid(), nullable=True),
        sa.Column("visibility", sa.String(10), nullable=True),
        sa.Column("catch_date", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_captures"),
        sa.CheckConstraint(
            "deleted_at IS NOT NULL OR (animal_id IS NOT NULL AND visibility IS NOT NULL AND catch_date IS NOT NULL)",
            name="ck_captures_whole_unless_deleted",
        ),
    )
    op.create_index("ix_captures_owner_id_animal_id", "captures", ["owner_id", "animal_id"])
    op.create_index("ix_captures_animal_id", "captures", ["animal_id"])
    op.create_table(
        "friendships",
        *copied(),
        sa.Column("from_user", sa.Uuid(), nullable=False),
        sa.Column("to_user", sa.Uuid(), nullable=False),
        name("status", 10),
        sa.PrimaryKeyConstraint("id", name="pk_friendships"),
    )
    op.create_index("ix_friendships_from_user", "friendships", ["from_user"])
    op.create_index("ix_friendships_to_user", "friendships", ["to_user"])
    op.create_table(
        "scope_versions",
        sa.Column("scope", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope", name="pk_scope_versions"),
    )


def downgrade() -> None:
    for table in ("scope_versions", "friendships", "captures", "ref_animals", "ref_users"):
        op.drop_table(table)
