"""The graph's tables: copies of what other services tell, and a version for everything a tree is made from.

No table knows its schema, so that a second set can be built beside the one in use.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, CheckConstraint, DateTime, Index, Integer, String, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from libs.common.copies import Copied
from libs.common.db import service_metadata

NAMES = UUID(int=0)
"""The scope of names and lineages: animals that somebody caught, and who discovered them."""
EVERYTHING = UUID(int=1)
"""The scope of every change there is."""


class Base(DeclarativeBase):
    metadata = service_metadata()


class RefUser(Copied, Base):
    """A player, as told by `user.*`."""

    __tablename__ = "ref_users"

    username: Mapped[str] = mapped_column(String(150), server_default="")
    friend_code: Mapped[str] = mapped_column(String(8), server_default="")
    is_superuser: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))


class RefAnimal(Copied, Base):
    """A species, as told by `animal.*`."""

    __tablename__ = "ref_animals"

    scientific_name: Mapped[str] = mapped_column(String(200), server_default="")
    common_name: Mapped[str] = mapped_column(String(200), server_default="")
    kingdom: Mapped[str] = mapped_column(String(100), server_default="")
    phylum: Mapped[str] = mapped_column(String(100), server_default="")
    class_name: Mapped[str] = mapped_column(String(100), server_default="")
    order: Mapped[str] = mapped_column(String(100), server_default="")
    family: Mapped[str] = mapped_column(String(100), server_default="")
    genus: Mapped[str] = mapped_column(String(100), server_default="")
    species: Mapped[str] = mapped_column(String(100), server_default="")
    conservation_status: Mapped[str] = mapped_column(String(2), server_default="NE")
    creation_index: Mapped[int] = mapped_column(Integer, server_default="0")
    verified: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    created_by: Mapped[UUID | None]

    __table_args__ = (Index(None, "created_by"),)


class Capture(Copied, Base):
    """Who caught which animal, when, and who may know, as told by `dex.*`. A tombstone knows only the owner."""

    __tablename__ = "captures"

    owner_id: Mapped[UUID]
    animal_id: Mapped[UUID] = mapped_column(nullable=True)
    visibility: Mapped[str] = mapped_column(String(10), nullable=True)
    catch_date: Mapped[datetime] = mapped_column(DateTime(timezone=True), nullable=True)

    __table_args__ = (
        Index(None, "owner_id", "animal_id"),
        Index(None, "animal_id"),
        CheckConstraint(
            "deleted_at IS NOT NULL OR (animal_id IS NOT NULL AND visibility IS NOT NULL AND catch_date IS NOT NULL)",
            name="whole_unless_deleted",
        ),
    )


class Friendship(Copied, Base):
    """Who asked whom, and what became of it, as told by `friendship.*`."""

    __tablename__ = "friendships"

    from_user: Mapped[UUID]
    to_user: Mapped[UUID]
    status: Mapped[str] = mapped_column(String(10), server_default="")

    __table_args__ = (Index(None, "from_user"), Index(None, "to_user"))


class ScopeVersion(Base):
    """The version of all that can be seen of one user, or of `NAMES`, or of `EVERYTHING`.

    Written by the projector in the transaction of the change. Microseconds of the clock, but always growing: also a
    projection that is built anew never repeats a version for other content.
    """

    __tablename__ = "scope_versions"

    scope: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)
