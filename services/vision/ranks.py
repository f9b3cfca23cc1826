"""Which taxon a set of class probabilities supports: the finest whose sum is high enough (offline identifier).

Twenty likely dog breeds are one sure dog; three likely rodents are an unnamed rodent. Pure.
"""

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from services.vision.reading import NAMING_RANKS, Candidate, Reading

P_ANIMAL: Final = 0.50
OWN_NAME: Final = 0.75
HIGHER_RANK: Final = 0.65
WORTH_SUGGESTING: Final = 0.05
HIGHER_RANKS: Final = ("family", "order", "class")
"""From fine to coarse. Thresholds as measured in the notes on the identifier; re-measure on real uploads."""

TAXA: Final = Path(__file__).parent / "data" / "imagenet_taxa.csv"
_SHARED_NAMES: Final = {
    "Canis familiaris": "Dog",
    "Canis lupus": "Gray wolf",
    "Felis catus": "Domestic cat",
    "Gallus gallus": "Chicken",
    "Sus scrofa": "Wild boar",
}
"""Common names of species that several classes share."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One class of the network: the taxon it stands for, and the higher taxa that this one belongs to."""

    name: str
    rank: str
    label: str
    is_fossil: bool = False
    higher: Mapping[str, str] = field(default_factory=dict)
    """Name by rank, for the ranks of `HIGHER_RANKS` that are known."""


@cache
def kinds() -> tuple[Kind, ...]:
    """The 398 animal classes, in the network's order."""
    with TAXA.open(encoding="utf-8", newline="") as file:
        return tuple(
            Kind(
                name=row["scientific_name"],
                rank=row["rank"],
                label=row["english_label"],
                is_fossil="not a live sighting" in row["note"],
                higher={
                    rank: row[column]
                    for rank, column in (("family", "family"), ("order", "order"), ("class", "taxon_class"))
                    if row[column]
                },
            )
            for row in csv.DictReader(file)
        )


def roll_up(probabilities: Iterable[float], known: tuple[Kind, ...] | None = None) -> Reading:
    """Reads the probabilities of the animal classes, in their order; what is missing to 1 is no animal.

    Scores are sums of raw probabilities: true "if it is one of the kinds that the network knows".
    """
    known = kinds() if known is None else known
    weights = list(probabilities)
    own: defaultdict[tuple[str, str], float] = defaultdict(float)
    higher: defaultdict[tuple[str, str], float] = defaultdict(float)
    labels: defaultdict[str, set[str]] = defaultdict(set)
    fossils = {kind.name for kind in known if kind.is_fossil}
    for kind, weight in zip(known, weights, strict=True):
        own[kind.rank, kind.name] += weight
        labels[kind.name].add(kind.label)
        for rank, name in kind.higher.items():
            higher[rank, name] += weight
    candidates = [_candidate(taxon, score, labels) for taxon, score in own.items() if score >= WORTH_SUGGESTING]
    candidates.sort(key=lambda candidate: -(candidate.score or 0))
    if sum(weights) < P_ANIMAL:
        return Reading(suggestions=candidates, saw_an_animal=False, score_kind="raw", text="NO ANIMALS FOUND")
    best = candidates[0] if candidates else None
    if (
        best is not None
        and (best.score or 0) >= OWN_NAME
        and best.rank in NAMING_RANKS
        and best.scientific_name not in fossils
    ):
        return Reading([best], candidates, saw_an_animal=True, score_kind="raw", text=_said(best))
    for rank in HIGHER_RANKS:
        name, score = max(
            ((name, score) for (at, name), score in higher.items() if at == rank),
            key=lambda pair: pair[1],
            default=("", 0.0),
        )
        if score >= HIGHER_RANK:
            answer = Candidate(rank, name, "", round(score, 4))
            others = [candidate for candidate in candidates if candidate.scientific_name != name]
            return Reading([], [answer, *others], saw_an_animal=True, score_kind="raw", text=_said(answer))
    return Reading([], candidates, saw_an_animal=True, score_kind="raw", text="")


def _candidate(taxon: tuple[str, str], score: float, labels: Mapping[str, set[str]]) -> Candidate:
    rank, name = taxon
    names = labels[name]
    label = next(iter(names)) if len(names) == 1 else _SHARED_NAMES.get(name, "")
    return Candidate(rank, name, label[:1].upper() + label[1:], round(min(score, 1.0), 4))


def _said(candidate: Candidate) -> str:
    return f"{candidate.scientific_name} ({candidate.common_name or candidate.rank})"
