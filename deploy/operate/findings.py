"""What a check finds: of a kind with a stable name, in one sentence, with what to do about it."""

from dataclasses import dataclass
from enum import Enum
from typing import Any


class Mark(Enum):
    """How bad it is: `WRONG` must be mended (exit code 1), `CARE` should be looked at."""

    WRONG = "✗"
    CARE = "!"


@dataclass(frozen=True, slots=True)
class Kind:
    """One thing that can be wrong.

    id     stable: documents and runbooks name it; `subject.what`
    means  what it means, for docs/doctor.md
    fix    what to do, in the imperative
    """

    id: str
    mark: Mark
    means: str
    fix: str

    def found(self, sentence: str, fix: str = "") -> "Finding":
        """This kind, here: `fix` where more can be said than in general."""
        return Finding(self, sentence, fix or self.fix)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong here."""

    kind: Kind
    sentence: str
    fix: str

    @property
    def is_wrong(self) -> bool:
        return self.kind.mark is Mark.WRONG

    def as_json(self) -> dict[str, Any]:
        return {"id": self.kind.id, "mark": self.kind.mark.name.lower(), "what": self.sentence, "fix": self.fix}


def wrong(id_: str, means: str, fix: str) -> Kind:
    """A kind that must be mended."""
    return Kind(id_, Mark.WRONG, means, fix)


def care(id_: str, means: str, fix: str) -> Kind:
    """A kind that should be looked at."""
    return Kind(id_, Mark.CARE, means, fix)
