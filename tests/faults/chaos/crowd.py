"""The players of one run, and what they have in common: the mesh, the animals, what was told and what is counted."""

import asyncio
import random
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from tests.faults.chaos.client import Client, Told
from tests.faults.chaos.history import History
from tests.faults.chaos.people import Pair, Person
from tests.faults.chaos.tally import Tally

PASSWORD = "a photo of a tawny owl"
SPECIES = 40
SYLLABLES = ("ba", "ce", "di", "fo", "gu", "la", "me", "ni", "po", "ru")


@dataclass
class Crowd:
    """Everybody who plays."""

    client: Client
    history: History
    tally: Tally
    rng: random.Random
    people: list[Person] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    animals: list[str] = field(default_factory=list)
    species: dict[str, str] = field(default_factory=dict)
    """Animals that were made during the run: id → scientific name."""
    unfinished: dict[str, tuple[Person, float]] = field(default_factory=dict)
    """Acknowledged jobs whose end nobody has seen yet, and since when."""
    jobs: int = 0
    """Jobs that were acknowledged, and those that may have been made without an answer."""
    watchers: set["asyncio.Task[None]"] = field(default_factory=set)

    @property
    def here(self) -> list[Person]:
        """Those who have an account, or may have one, and are not about to leave."""
        return [person for person in self.people if person.fate == "stays"]

    def new_name(self) -> str:
        return f"chaos-{uuid4().hex[:10]}"

    def new_species(self) -> str:
        """A name that no catalogue knows."""
        return "Chaosia " + "".join(self.rng.choice(SYLLABLES) for _ in range(6)) + "us"

    def in_background(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs beside the load; `rest` waits for it."""
        task = asyncio.create_task(work)
        self.watchers.add(task)
        task.add_done_callback(self.watchers.discard)

    def refused(self, what: str, told: Told) -> None:
        """A final 4xx where the write was in order: it is not done, and should have been."""
        self.tally.writes["refused"] += 1
        self.tally.surprise(f"{what} was refused with {told.status}: {told.raw[:160].decode(errors='replace')}")
