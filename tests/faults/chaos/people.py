"""What the players have, as far as they were told, and what it may therefore be in the end.

A thing whose write was not answered is left alone from then on: it is as before or as wished, and nobody can say more.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar


@dataclass(eq=False)
class Thing:
    """Something that one request at a time changes."""

    busy: bool = field(default=False, init=False)
    doubtful: bool = field(default=False, init=False)

    @property
    def free(self) -> bool:
        return not self.busy and not self.doubtful


@dataclass(eq=False)
class Entry(Thing):
    """`wished` is what a doubtful write would have made of it; `may_be_gone`: that write was a deletion."""

    id: str
    state: dict[str, Any]
    wished: dict[str, Any] = field(default_factory=dict)
    may_be_gone: bool = False


@dataclass(eq=False)
class Profile(Thing):
    bio: str = ""
    wished: str = ""


@dataclass(eq=False)
class Person:
    """A player who is signed in. `jobs`: completed ones, each with the animals it was not used for yet."""

    name: str
    id: str = ""
    token: str = ""
    code: str = ""
    entries: dict[str, Entry] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    """Entries that were deleted."""
    maybe: set[tuple[str, str]] = field(default_factory=set)
    """(job, animal) of entries whose creation was not answered."""
    jobs: dict[str, list[str]] = field(default_factory=dict)
    all_jobs: set[str] = field(default_factory=set)
    """Every job that was acknowledged."""
    profile: Profile = field(default_factory=Profile)
    fate: str = "stays"
    """`stays`, `leaves` (is to be deleted), `left` (was), `perhaps` (nobody said)."""


@dataclass(eq=False)
class Pair(Thing):
    """Two players of whom nobody else asks anything: `none` → `pending` → `friends` → `none`."""

    first: Person
    second: Person
    state: str = "none"
    id: str = ""


T = TypeVar("T", bound=Thing)


def taken(rng: random.Random, things: Iterable[T]) -> T | None:
    """One that is free, marked as busy; None where there is none."""
    free = [thing for thing in things if thing.free]
    if not free:
        return None
    chosen = rng.choice(free)
    chosen.busy = True
    return chosen
