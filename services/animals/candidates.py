"""What is known of an animal before it is looked up in the registry: from a taxon, or from a name alone. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, Self
from uuid import UUID

from services.animals.models import Taxon
from services.animals.names import Name, first_two_words

HIERARCHY: Final = ("kingdom", "phylum", "class_name", "order", "family", "subfamily", "genus", "species")
"""The columns of an animal that place it; `species` is the specific epithet."""
KINGDOM: Final = "Animalia"
UNKNOWN_STATUS: Final = "NE"
NATIVE: Final = "native"


@dataclass(frozen=True, slots=True)
class Backing:
    """What stands beside a taxon: the short code of its source, and where it is native (at most ten regions)."""

    source: str
    native_regions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """An animal that may exist already under `scientific_name`; empty text where nothing is known."""

    scientific_name: str
    common_name: str
    hierarchy: dict[str, str]
    verified: bool
    """Backed by the taxonomy."""
    method: str
    conservation_status: str = UNKNOWN_STATUS
    native_regions: tuple[str, ...] = ()
    taxonomy: dict[str, Any] = field(default_factory=dict)
    """The link to the taxon: taxonomy_id, taxonomy_source, taxonomy_source_url, taxonomy_confidence."""

    def columns(self) -> dict[str, Any]:
        """All of it as columns of a new animal, genus and species filled from the name (contract B1)."""
        hierarchy = {**dict.fromkeys(HIERARCHY, ""), **self.hierarchy}
        hierarchy["kingdom"] = hierarchy["kingdom"] or KINGDOM
        if not (hierarchy["genus"] and hierarchy["species"]):
            genus, species = first_two_words(self.scientific_name)
            hierarchy |= {"genus": genus, "species": species} if genus else {}
        return {
            "scientific_name": self.scientific_name,
            "common_name": self.common_name or self.scientific_name,
            "conservation_status": self.conservation_status,
            "native_regions": list(self.native_regions),
            "establishment_means": NATIVE if self.native_regions else "",
            "verified": self.verified,
            "verification_method": self.method,
            **hierarchy,
            **self.taxonomy,
        }

    @classmethod
    def of_taxon(cls, taxon: Taxon, backing: Backing, *, common_name: str) -> Self:
        """An animal that the taxonomy knows."""
        return cls(
            scientific_name=taxon.scientific_name,
            common_name=common_name,
            hierarchy=hierarchy_of(taxon),
            verified=True,
            method="taxonomy",
            conservation_status=taxon.conservation_status,
            native_regions=backing.native_regions,
            taxonomy=link_to(taxon, backing.source),
        )

    @classmethod
    def of_name(cls, name: Name, common_name: str, genus: Taxon | None) -> Self:
        """An animal that the taxonomy does not know; its higher ranks are those of its genus, if that is known."""
        above = hierarchy_of(genus) if genus is not None else {}
        return cls(
            scientific_name=name.text,
            common_name=common_name,
            hierarchy={**above, "genus": name.genus, "species": name.epithet},
            verified=False,
            method="cv",
        )


def hierarchy_of(taxon: Taxon) -> dict[str, str]:
    """A taxon's ranks as columns of an animal."""
    ranks = {column: getattr(taxon, column) for column in HIERARCHY if column != "species"}
    return {**ranks, "species": taxon.specific_epithet}


def link_to(taxon: Taxon, source: str) -> dict[str, Any]:
    """The columns of an animal that name the taxon behind it."""
    confidence: Decimal | None = taxon.confidence_score
    link: dict[str, UUID | str | Decimal | None] = {
        "taxonomy_id": taxon.id,
        "taxonomy_source": source,
        "taxonomy_source_url": taxon.source_url,
        "taxonomy_confidence": confidence,
    }
    return link


def agrees(given: Mapping[str, str], taxon: Taxon) -> bool:
    """Whether every rank that somebody filled in is the one that the taxonomy has."""
    known = hierarchy_of(taxon)
    return all(not value or value.lower() == known[column].lower() for column, value in given.items())
