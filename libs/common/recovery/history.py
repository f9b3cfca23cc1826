"""What clients were told, as whoever made the load has written it down (docs/checker.md has the format)."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Self

BEGINNINGS: Final = frozenset({"registered", "created", "requested"})
ENDS: Final = frozenset({"deleted", "ended"})
LINGERING_SECONDS: Final = 60.0
"""A write without an answer may still be done this long after its client gave up: the gateway's longest deadline."""

ANYTHING: Final = object()
"""In place of a value: whatever it is now, it is in order."""


class Unreadable(Exception):
    """A line of a history or of a ledger that is not what it should be."""


@dataclass(frozen=True, slots=True)
class Line:
    """One write: when its end was known, what it was about (`entry`), what it did (`updated`), what was answered.

    Without an answer (`is_certain` is False) it may have been done or not. `since`: when it was asked for.
    """

    at: float
    since: float
    word: str
    verb: str
    id: str
    owner: str | None
    state: Mapping[str, Any]
    is_certain: bool

    @property
    def is_end(self) -> bool:
        return self.verb in ENDS

    def is_outdone_by(self, other: "Line") -> bool:
        """Whether `other` surely came later: it was asked for when this one could no longer be done."""
        over = self.at if self.is_certain else self.at + LINGERING_SECONDS
        return other.is_certain and other is not self and other.since >= over and (other.since, other.at) > (over, over)


@dataclass(slots=True)
class Past:
    """All that was told of one record, in the order of the file."""

    lines: list[Line] = field(default_factory=list)

    @property
    def is_acknowledged(self) -> bool:
        return any(line.is_certain for line in self.lines)

    @property
    def may_be_gone(self) -> bool:
        return any(line.is_end for line in self.lines)

    @property
    def must_be_gone(self) -> bool:
        """Ids are never given again, so that an end is one for good."""
        return any(line.is_end and line.is_certain for line in self.lines)

    @property
    def last_at(self) -> float:
        return max(line.at for line in self.lines)

    def possible(self, name: str) -> list[Any]:
        """The values that a field may have now: what was told last, and what may have come later. [] if never told."""
        telling = [line for line in self.lines if name in line.state and not line.is_end]
        return [line.state[name] for line in telling if not any(line.is_outdone_by(other) for other in telling)]


class History:
    """The lines of a file, by what they are about."""

    def __init__(self, lines: Iterable[Line] = ()) -> None:
        self.lines = list(lines)
        self._records: dict[str, dict[str, Past]] = {}
        certain = {(line.word, line.id) for line in self.lines if line.is_certain}
        self._wishes: dict[str, list[Line]] = {}
        for line in self.lines:
            if not line.is_certain and line.verb in BEGINNINGS and (line.word, line.id) not in certain:
                # Nobody was told an id: what is in its place only names the wish.
                self._wishes.setdefault(line.word, []).append(line)
            else:
                self._records.setdefault(line.word, {}).setdefault(line.id, Past()).lines.append(line)
        self.players = frozenset(
            line.id for line in self.lines if line.is_certain and (line.word, line.verb) == ("user", "registered")
        )

    @classmethod
    def read(cls, path: Path) -> Self:
        """Raises:
        Unreadable: which line is not of the format.
        """
        return cls(_line(number, text) for number, text in _texts(path))

    def of(self, word: str) -> dict[str, Past]:
        """The records of a kind, by id."""
        return self._records.get(word, {})

    def wishes(self, word: str) -> list[Line]:
        """Beginnings that were never answered: of each there may be one record, under an id that nobody knows."""
        return self._wishes.get(word, [])

    def may_have_left(self, people: Iterable[object]) -> bool:
        """Whether one of these players asked to be deleted, answered or not."""
        users = self.of("user")
        return any(past.may_be_gone for person in people if (past := users.get(str(person))))


def _texts(path: Path) -> Iterator[tuple[int, str]]:
    with path.open() as file:
        for number, text in enumerate(file, start=1):
            if text.strip():
                yield number, text


def _line(number: int, text: str) -> Line:
    try:
        given = json.loads(text)
        word, _, verb = str(given["kind"]).removesuffix("?").partition(".")
        at, owner = float(given["at"]), given.get("owner")
        return Line(
            at=at,
            since=float(given.get("since", at)),
            word=word,
            verb=verb,
            id=str(given["id"]),
            owner=None if owner is None else str(owner),
            state=dict(given.get("state") or {}),
            is_certain=not str(given["kind"]).endswith("?"),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unreadable(f"line {number} of the history: {type(error).__name__}: {error}") from None


def is_same(told: Any, value: Any) -> bool:
    """Whether what a client was told (JSON) is this value. A set stands for any of its members."""
    if told is ANYTHING:
        return True
    if isinstance(value, frozenset):
        return any(is_same(told, each) for each in value)
    if isinstance(value, datetime):
        try:
            return isinstance(told, str) and datetime.fromisoformat(told) == value
        except (ValueError, TypeError):
            return False
    if isinstance(value, (bool, int, float, list, dict)) or value is None:
        return bool(told == value)
    return bool(str(told) == str(value))
