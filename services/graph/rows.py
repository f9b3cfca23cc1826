"""Events as rows of the copies, one shape per table: a deletion is a row that has nothing left to tell."""

from typing import Any

from libs.common.values import now
from libs.contracts.animals import AnimalDeleted, AnimalState
from libs.contracts.dex import DexDeleted, DexState
from libs.contracts.social import FriendshipDeleted, FriendshipUpdated
from libs.contracts.users import UserDeleted, UserState

Row = dict[str, Any]


def user_row(event: UserState | UserDeleted) -> Row:
    """Name and code, as long as the user is there."""
    row = {"id": event.id, "version": event.version}
    if isinstance(event, UserDeleted):
        return {**row, "deleted_at": now(), "username": "", "friend_code": "", "is_superuser": False}
    return {
        **row,
        "deleted_at": None,
        "username": event.username,
        "friend_code": event.friend_code,
        "is_superuser": event.is_superuser,
    }


ANIMAL_TEXTS = (
    "scientific_name",
    "common_name",
    "kingdom",
    "phylum",
    "class_name",
    "order",
    "family",
    "genus",
    "species",
)


def animal_row(event: AnimalState | AnimalDeleted) -> Row:
    """Names and lineage."""
    row: Row = {"id": event.id, "version": event.version}
    if isinstance(event, AnimalDeleted):
        return {
            **row,
            "deleted_at": now(),
            **dict.fromkeys(ANIMAL_TEXTS, ""),
            "conservation_status": "NE",
            "creation_index": 0,
            "verified": False,
            "created_by": None,
        }
    return {
        **row,
        "deleted_at": None,
        **{name: getattr(event, name) for name in ANIMAL_TEXTS},
        "conservation_status": event.conservation_status,
        "creation_index": event.creation_index,
        "verified": event.verified,
        "created_by": event.created_by,
    }


def capture_row(event: DexState | DexDeleted) -> Row:
    """Who caught what; of a deleted entry only whose it was, because that player's trees change."""
    row: Row = {"id": event.id, "version": event.version, "owner_id": event.owner_id}
    if isinstance(event, DexDeleted):
        return {**row, "deleted_at": now(), "animal_id": None, "visibility": None, "catch_date": None}
    return {
        **row,
        "deleted_at": None,
        "animal_id": event.animal_id,
        "visibility": event.visibility,
        "catch_date": event.catch_date,
    }


def friendship_row(event: FriendshipUpdated | FriendshipDeleted) -> Row:
    """Between whom, and how it stands."""
    deleted = isinstance(event, FriendshipDeleted)
    return {
        "id": event.id,
        "version": event.version,
        "deleted_at": now() if deleted else None,
        "from_user": event.from_user,
        "to_user": event.to_user,
        "status": "" if isinstance(event, FriendshipDeleted) else event.status,
    }
