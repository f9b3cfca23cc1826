"""What every event is: a fact in the past tense, with the full state of its record (contract E)."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Fact(BaseModel):
    """A frozen value inside an event. Unknown keys are ignored, so that schemas may grow."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Event(Fact):
    """One published event. Id, type and time of the event travel as CloudEvents headers beside it."""

    subject: ClassVar[str]
    """The event's type, which is its subject on the bus to the letter: `dex.created`."""

    id: UUID
    """The record this event speaks of (not the event's own id, which is the header `ce-id`)."""
    version: int
    """The record's version that this state belongs to; grows by one with every event of the record."""

    def people(self) -> tuple[UUID, ...]:
        """Whose personal data this event holds: it is taken out of the log when one of them goes (contract U4).

        A tombstone, which holds ids alone, is nobody's and stays.
        """
        return ()

    @classmethod
    def word(cls) -> str:
        """The subject's first word, which names the kind of record: `dex`."""
        return cls.subject.partition(".")[0]


class Picture(Fact):
    """A stored, public PNG: its address changes if and only if its bytes do (contract B4)."""

    url: str
    sha256: str
    width: int
    height: int
    created_at: datetime
