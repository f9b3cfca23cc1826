"""The tables of social: friendships, and copies of what friend cards show."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Index, String, Text, false, text, true
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from libs.common.copies import Copied
from libs.common.db import service_metadata
from libs.contracts.social import Status

Moment = DateTime(timezone=True)


class Base(DeclarativeBase):
    metadata = service_metadata()


class Friendship(Base):
    """How two players stand (contract M); `from_user` asked `to_user`. At most one row for any two."""

    __tablename__ = "friendships"
    __table_args__ = (
        Index(
            "uq_friendships_pair", text("LEAST(from_user, to_user)"), text("GREATEST(from_user, to_user)"), unique=True
        ),
        Index("ix_friendships_from", "from_user", "status"),
        Index("ix_friendships_to", "to_user", "status"),
        CheckConstraint("from_user <> to_user", name="never_with_oneself"),
        CheckConstraint("status IN ('pending', 'accepted', 'rejected', 'blocked')", name="status_is_known"),
        CheckConstraint("(blocker IS NOT NULL) = (status = 'blocked')", name="blocked_by_somebody"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    version: Mapped[int] = mapped_column(BigInteger)
    from_user: Mapped[UUID]
    to_user: Mapped[UUID]
    status: Mapped[Status] = mapped_column(String(10))
    blocker: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(Moment)
    updated_at: Mapped[datetime] = mapped_column(Moment)


class RefUser(Copied, Base):
    """A player as the users service told."""

    __tablename__ = "ref_users"
    __table_args__ = (Index("ix_ref_users_friend_code", "friend_code"),)

    username: Mapped[str] = mapped_column(String(150), server_default="")
    friend_code: Mapped[str] = mapped_column(String(8), server_default="")
    avatar: Mapped[str | None] = mapped_column(Text)
    is_superuser: Mapped[bool] = mapped_column(server_default=false())
    is_active: Mapped[bool] = mapped_column(server_default=true())


class RefEntry(Copied, Base):
    """Who caught which animal, as the dex service told; a tombstone names nobody."""

    __tablename__ = "ref_entries"
    __table_args__ = (
        # Friend cards count from this index alone.
        Index("ix_ref_entries_owner", "owner_id", "animal_id", postgresql_where="deleted_at IS NULL"),
    )

    owner_id: Mapped[UUID | None]
    animal_id: Mapped[UUID | None]
