"""What the people of a scope caught, as the tree and the answers need it: plain values, no I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

RANKS = ("kingdom", "phylum", "class", "order", "family", "genus", "species")
GENUS, SPECIES = RANKS.index("genus"), RANKS.index("species")


class Captor(NamedTuple):
    """A friend who caught an animal, with the time of the earliest visible capture."""

    user_id: UUID
    username: str
    captured_at: datetime


class Discoverer(NamedTuple):
    """Who brought an animal into the registry."""

    user_id: UUID
    username: str


@dataclass(frozen=True, slots=True)
class CaughtAnimal:
    """One species with what the viewer may know about its captures (contract B7, B10)."""

    id: UUID
    scientific_name: str
    common_name: str
    creation_index: int
    lineage: tuple[str, ...]
    """One value per rank of `RANKS`, empty where nothing is known."""
    conservation_status: str
    verified: bool
    discoverer: Discoverer | None
    own_captures: int
    captures: int
    """Visible captures by everybody in scope, the viewer's own included."""
    captors: Sequence[Captor]
    """Friends in scope who caught it, the earliest first."""
    friend_captures: int
