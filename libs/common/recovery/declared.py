"""What a service says of itself in its code, as far as the checker can hold it to that."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from libs.common.copies import Copied
from libs.common.handlers import Handlers
from libs.common.provision import handlers_of
from libs.common.recovery.audit import Audit, Compared, audit_of
from libs.common.recovery.log_table import Making
from libs.common.recovery.snapshot import Snapshot, snapshot_of
from libs.contracts.catalogue import EVENTS
from libs.contracts.event import Event

KEY_COLUMNS: Final = {"id", "version", "deleted_at"}


@dataclass(frozen=True, slots=True)
class Declared:
    """The handlers, the snapshot and the audit of one service."""

    service: str
    handlers: list[Handlers]
    snapshot: Snapshot
    audit: Audit = field(default_factory=Audit)

    @classmethod
    def by(cls, service: str) -> "Declared":
        return cls(service, handlers_of(service), snapshot_of(service), audit_of(service))

    @property
    def words(self) -> set[str]:
        """Kinds of records of which it publishes: the contracts have a module for each service."""
        told = {event.word() for event in EVENTS.values() if event.__module__.rpartition(".")[2] == self.service}
        return told | {part.event.word() for part in self.snapshot.parts}

    @property
    def told(self) -> set[str]:
        """Subjects by which its own records are told."""
        return {subject for part in self.snapshot.parts for subject in part.subjects}


@dataclass(frozen=True, slots=True)
class Copy:
    """A table of copies, the events that it is made from, and what it takes of them."""

    table: str
    columns: list[str]
    subjects: list[str]
    making: Mapping[str, Making]
    """By subject, for those that tell a state."""
    outlives: bool = False


def copies_of(declared: Declared) -> list[Copy]:
    """The witnesses, and what the audit says of other copies; of one table it has the last word."""
    found = {}
    for handlers in declared.handlers:
        for word, model in handlers.witnesses.items():
            events = {e for h in handlers.all for e in h.events if e.word() == word}
            copy = _copy(Compared(model, tuple(events), None, outlives=False))
            found[copy.table] = copy
    for compared in declared.audit.compared:
        copy = _copy(compared)
        found[copy.table] = copy
    return list(found.values())


def _copy(compared: Compared) -> Copy:
    """An event tells of a copy if it names one of its columns, or says that the record is gone."""
    columns = _columns(compared.model) - compared.apart
    ends = {e for e in compared.events if e.subject.endswith(".deleted")}
    if compared.made is not None:
        states = set(compared.events) - ends
        making = dict.fromkeys((e.subject for e in states), compared.made)
        named = columns
    else:
        states = {e for e in compared.events if columns & e.model_fields.keys()} - ends
        named = {name for event in states for name in event.model_fields} & columns
        making = {event.subject: _by_name(named) for event in states}
    table: str = compared.model.__tablename__  # type: ignore[attr-defined]
    subjects = sorted(event.subject for event in states | ends)
    return Copy(table, sorted(named), subjects, making, compared.outlives)


def _by_name(columns: set[str]) -> Callable[[Event], dict[str, Any]]:
    return lambda event: event.model_dump(mode="json", include=columns)


def _columns(model: type[Copied]) -> set[str]:
    return set(model.__table__.columns.keys()) - KEY_COLUMNS  # type: ignore[attr-defined]
