"""The ranks of the taxonomy, from kingdom to form, with the level that orders them (contract M). Pure."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Rank:
    """`level` grows from the root to the leaves; None where a rank has no fixed place (a clade)."""

    name: str
    level: int | None
    plural: str


RANKS: Final = {
    rank.name: rank
    for rank in (
        Rank("kingdom", 10, "kingdoms"),
        Rank("subkingdom", 15, "subkingdoms"),
        Rank("phylum", 20, "phyla"),
        Rank("subphylum", 25, "subphyla"),
        Rank("superclass", 28, "superclasses"),
        Rank("class", 30, "classes"),
        Rank("subclass", 35, "subclasses"),
        Rank("infraclass", 36, "infraclasses"),
        Rank("cohort", 37, "cohorts"),
        Rank("subcohort", 38, "subcohorts"),
        Rank("superorder", 39, "superorders"),
        Rank("order", 40, "orders"),
        Rank("suborder", 45, "suborders"),
        Rank("infraorder", 46, "infraorders"),
        Rank("parvorder", 47, "parvorders"),
        Rank("superfamily", 48, "superfamilies"),
        Rank("family", 50, "families"),
        Rank("subfamily", 55, "subfamilies"),
        Rank("tribe", 58, "tribes"),
        Rank("subtribe", 59, "subtribes"),
        Rank("genus", 60, "genera"),
        Rank("subgenus", 65, "subgenera"),
        Rank("section", 68, "sections"),
        Rank("series", 69, "series"),
        Rank("species", 70, "species"),
        Rank("subspecies", 75, "subspecies"),
        Rank("variety", 78, "varieties"),
        Rank("form", 80, "forms"),
        Rank("clade", None, "clades"),
    )
}

CATCHABLE: Final = frozenset(rank.name for rank in RANKS.values() if rank.level is not None and rank.level >= 60)
"""Fine enough to be an animal of the registry: a genus and below (contract B5)."""

SPECIES_AND_BELOW: Final = frozenset(
    rank.name for rank in RANKS.values() if rank.level is not None and rank.level >= 70
)


def level(rank: str) -> int:
    """The rank's level for sorting; what has none comes last."""
    known = RANKS.get(rank)
    return 1000 if known is None or known.level is None else known.level
