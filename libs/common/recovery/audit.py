"""What a service knows of itself that must hold besides its events: questions, declared in its `audit.py`."""

import importlib
import importlib.util
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.copies import Copied
from libs.common.recovery.history import History, Past
from libs.common.recovery.ledger import Ledger
from libs.common.recovery.log_table import Making
from libs.contracts.event import Event

AGREES_WITH_ITSELF: Final = "I3"

Finding = tuple[str, str]
"""What is wrong: a key that names it, and a sentence that tells it."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What else may be looked at.

    poison   ids of events that can never be applied, where they are known; these, and no others, are to be set aside
    history  what clients were told, where somebody has written it down
    ledger   what was asked of whom for money, likewise
    """

    poison: frozenset[str] = frozenset()
    history: History | None = None
    ledger: Ledger | None = None


class Named(NamedTuple):
    """A file that a record names: who does, and what is known of its bytes. `must_be` False: it is on its way out."""

    key: str
    by: str
    size: int | None = None
    sha256: str | None = None
    must_be: bool = True


class Asked(NamedTuple):
    """Records that clients were told of, by id, and the players of whom everything was written down."""

    records: Mapping[str, Past]
    players: frozenset[str]

    @property
    def ids(self) -> list[UUID]:
        return _uuids(self.records)

    @property
    def owners(self) -> list[UUID]:
        return _uuids(self.players)


class Present(NamedTuple):
    """A record as it is now: whose it is (() is everybody's), and what clients may have been told of it.

    `state` None: it is not there, and there is a good reason that no client need have asked for.
    """

    id: str
    owners: frozenset[str]
    state: Mapping[str, Any] | None


Question = Callable[[AsyncSession, Surroundings], AsyncIterator[Finding]]
Names = Callable[[AsyncSession], AsyncIterator[Named]]
Memories = Callable[[AsyncSession, Asked], AsyncIterator[Present]]


@dataclass(frozen=True, slots=True)
class Remembered:
    """How a service answers for one kind of record.

    implied   what a verb alone tells: `{"accepted": {"status": "accepted"}}`
    counted   whether a player's records that no client was told of are more than there should be
    """

    word: str
    memories: Memories
    implied: Mapping[str, Mapping[str, Any]]
    counted: bool


@dataclass(frozen=True, slots=True)
class Compared:
    """A copy that is made of events in a way of its own. `outlives`: it may stay when its events are forgotten."""

    model: type[Copied]
    events: tuple[type[Event], ...]
    made: Making | None
    outlives: bool
    apart: frozenset[str] = frozenset()


@dataclass(slots=True)
class Audit:
    """The questions of one service."""

    questions: list[tuple[str, Question]] = field(default_factory=list)
    names: list[Names] = field(default_factory=list)
    remembered: list[Remembered] = field(default_factory=list)
    compared: list[Compared] = field(default_factory=list)

    def asks(self, question: Question) -> Question:
        """Declares an async generator that yields what is wrong."""
        return self.asks_about(AGREES_WITH_ITSELF)(question)

    def asks_about(self, invariant: str) -> Callable[[Question], Question]:
        """The same, of another invariant than that what a service keeps agrees with itself."""

        def declare(question: Question) -> Question:
            self.questions.append((invariant, question))
            return question

        return declare

    def keeps_files(self, names: Names) -> Names:
        """Declares an async generator that yields every file that this service's records name."""
        self.names.append(names)
        return names

    def remembers(
        self, word: str, implied: Mapping[str, Mapping[str, Any]] | None = None, *, counted: bool = True
    ) -> Callable[[Memories], Memories]:
        """Declares an async generator that yields those of the records asked for that are there.

        counted  it yields all records of the players asked for as well: none may be more than clients wanted
        """

        def declare(memories: Memories) -> Memories:
            self.remembered.append(Remembered(word, memories, implied or {}, counted))
            return memories

        return declare

    def compares(
        self,
        model: type[Copied],
        *events: type[Event],
        made: Making | None = None,
        outlives: bool = False,
        apart: Collection[str] = (),
    ) -> None:
        """Says of which events a copy is made that is no witness, or how, where its columns have other names.

        made   gives the columns for an event; without it those are taken that are named like its fields
        apart  columns that hold how the event came, and not what it says
        """
        self.compared.append(Compared(model, events, made, outlives, frozenset(apart)))

    async def findings(self, session: AsyncSession, surroundings: Surroundings) -> AsyncIterator[tuple[str, str, str]]:
        """What is wrong by any of the questions: invariant, key, sentence."""
        for invariant, question in self.questions:
            async for key, sentence in question(session, surroundings):
                yield invariant, key, sentence


def _uuids(texts: Iterable[str]) -> list[UUID]:
    """What is none stands for a wish, and leads to nothing."""
    found = []
    for text in texts:
        with suppress(ValueError):
            found.append(UUID(text))
    return found


def audit_of(service: str) -> Audit:
    """What a service declares in its `audit.py`; no questions for one that has none."""
    name = f"services.{service}.audit"
    if importlib.util.find_spec(f"services.{service}") is None or importlib.util.find_spec(name) is None:
        return Audit()
    found: Audit = importlib.import_module(name).audit
    return found
