"""Animals whose places are told coarsely although they are not listed as threatened (contract D1).

`data/sensitive_taxa.csv` lists them with the reason and where it is taken from; `data/SOURCES.md` names the sources.
Threatened animals need no row: their status already counts.
"""

import csv
from importlib.resources import files
from typing import Final

PETS: Final = frozenset({"canis lupus familiaris", "felis silvestris catus"})
"""Tame forms of listed species; where a dog lives is no secret."""


def _listed() -> frozenset[str]:
    text = files("services.dex").joinpath("data", "sensitive_taxa.csv").read_text(encoding="utf-8")
    return frozenset(row["taxon"].lower() for row in csv.DictReader(text.splitlines()))


LISTED: Final = _listed()
"""Genera and species, in lower case."""


def is_sensitive(scientific_name: str) -> bool:
    """Whether a name (in any case) is on the list, itself or by its species or genus; pets of a listed one are not."""
    words = scientific_name.lower().split()
    name = " ".join(words)
    return name not in PETS and not LISTED.isdisjoint({name, " ".join(words[:2]), " ".join(words[:1])})
