"""Who may see which entry, and how much of it (contract B7, D1): one table, read by Python and by SQL."""

from typing import Final, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, literal, or_, select

from libs.contracts.dex import Visibility
from services.dex.models import DexEntry, RefFriendship
from services.dex.places import Place, blurred, precision_for_others

Relation = Literal["owner", "friend", "stranger"]

SHOWN_TO: Final[dict[Relation, tuple[Visibility, ...]]] = {
    "owner": ("private", "friends", "public"),
    "friend": ("friends", "public"),
    "stranger": ("public",),
}


def may_see(relation: Relation, visibility: Visibility) -> bool:
    """Whether somebody who stands so to an entry's owner may see an entry of this visibility."""
    return visibility in SHOWN_TO[relation]


def place_shown_to(
    relation: Relation, place: Place, *, location_precision: str, conservation_status: str, scientific_name: str
) -> Place:
    """The place of an entry as its viewer gets it: as stored for the owner, by the owner's wish for others."""
    if relation == "owner":
        return place
    return blurred(place, precision_for_others(location_precision, conservation_status, scientific_name))


def friends_of(viewer: UUID) -> Select[tuple[UUID]]:
    """The ids of everybody whose friendship with `viewer` stands accepted, from either side."""
    other = case((RefFriendship.from_user == viewer, RefFriendship.to_user), else_=RefFriendship.from_user)
    return select(other.label("friend_id")).where(
        or_(RefFriendship.from_user == viewer, RefFriendship.to_user == viewer),
        RefFriendship.status == "accepted",
        RefFriendship.deleted_at.is_(None),
    )


def visible_to(viewer: UUID) -> ColumnElement[bool]:
    """The entries that `viewer` may see. Being staff makes no difference here; only D4 knows staff."""
    return or_(
        DexEntry.owner_id == viewer,
        DexEntry.visibility.in_(SHOWN_TO["stranger"]),
        shared_with_friends(viewer),
    )


def shared_with_friends(viewer: UUID) -> ColumnElement[bool]:
    """The entries of `viewer`'s friends that these show to friends."""
    return and_(DexEntry.visibility.in_(SHOWN_TO["friend"]), DexEntry.owner_id.in_(friends_of(viewer)))


def relation_of(viewer: UUID) -> ColumnElement[str]:
    """How `viewer` stands to each entry's owner, as a column."""
    return case(
        (DexEntry.owner_id == viewer, literal("owner")),
        (DexEntry.owner_id.in_(friends_of(viewer)), literal("friend")),
        else_=literal("stranger"),
    )
