"""What a provider's answer says, once read: names, suggestions, and how sure anybody is (contract V1)."""

from dataclasses import dataclass, field
from typing import Any, Final, Literal

ScoreKind = Literal["calibrated", "raw", "none"]

NAMING_RANKS: Final = frozenset({"genus", "species", "subspecies"})
"""Only these make an animal; what is known above a genus is a suggestion (contract B5)."""
MAX_SUGGESTIONS: Final = 5


@dataclass(frozen=True, slots=True)
class Candidate:
    """A taxon that a provider named; `score` from 0 to 1 only where the provider gives one."""

    rank: str
    scientific_name: str
    common_name: str
    score: float | None = None
    in_form: bool = True
    """Whether it stood there as demanded; a name inside other words may be prose, which the taxonomy will tell."""


@dataclass(frozen=True, slots=True)
class Reading:
    """`names` become animals, in this order; `suggestions` are for the player to confirm, best first."""

    names: list[Candidate] = field(default_factory=list)
    suggestions: list[Candidate] = field(default_factory=list)
    saw_an_animal: bool = False
    score_kind: ScoreKind = "none"
    text: str = ""
    """The answer in words, for `parsed_prediction`."""

    def suggested(self) -> list[dict[str, Any]]:
        """The suggestions as the API gives them."""
        shown = ("rank", "scientific_name", "common_name", "score")
        return [{name: getattr(each, name) for name in shown} for each in self.suggestions[:MAX_SUGGESTIONS]]
