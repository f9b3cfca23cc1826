"""The built-in backbone's files as rows of the taxonomy: hierarchy in columns, synonyms as names of their own. Pure."""

import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from services.animals.names import Name
from services.animals.ranks import SPECIES_AND_BELOW

DATA: Final = Path(__file__).parent / "data"
HIERARCHY: Final = ("kingdom", "phylum", "class", "order", "family", "subfamily", "genus")
RENAMED: Final = {"Metazoa": "Animalia"}
"""NCBI's word for the kingdom, and ours."""
NO_RANK: Final = "no_rank"
EXTINCT: Final = "EX"
NCBI_TAXON: Final = "https://www.ncbi.nlm.nih.gov/Taxonomy/Browser/wwwtax.cgi?id="


class TaxonRow(NamedTuple):
    """One name, as it goes into the table `taxa`; `key` is the taxon's id in the source."""

    key: str
    parent: str | None
    accepted: str | None
    rank: str
    name: Name
    scientific_name: str
    hierarchy: tuple[str, ...]
    conservation_status: str
    extinct: bool | None
    source_url: str


class CommonNameRow(NamedTuple):
    key: str
    name: str
    is_preferred: bool


@dataclass(slots=True)
class Backbone:
    """Everything that the data folder holds: accepted taxa first, then synonyms."""

    taxa: list[TaxonRow] = field(default_factory=list)
    common_names: list[CommonNameRow] = field(default_factory=list)


class _Line(NamedTuple):
    """One line of `backbone.tsv.gz` or `fossils.tsv`."""

    key: str
    parent: str
    rank: str
    scientific_name: str
    english_name: str
    wikidata: str
    iucn: str


def read_backbone(folder: Path = DATA) -> Backbone:
    """Reads all files; about half a second of CPU.

    Raises:
        ValueError: an alias or a conservation status names a taxon that the backbone does not have.
    """
    lines = {line.key: line for line in _read_taxa(folder)}
    by_name = {line.scientific_name: line.key for line in lines.values() if line.rank in SPECIES_AND_BELOW}
    statuses = _read_statuses(folder, by_name)
    hierarchies = _hierarchies(lines)
    backbone = Backbone()
    accepted: dict[str, TaxonRow] = {}
    for line in lines.values():
        accepted[line.key] = _accepted(line, hierarchies[line.key], statuses.get(line.key, line.iucn or "NE"))
    backbone.taxa.extend(accepted.values())
    common: dict[tuple[str, str], CommonNameRow] = {}
    synonyms: dict[tuple[str, str], TaxonRow] = {}
    for key, text, kind in _read_names(folder, by_name):
        if kind == "common name":
            common.setdefault((key, text.lower()), CommonNameRow(key, text, is_preferred=False))
        elif (synonym := _synonym(accepted[key], text)) is not None:
            synonyms.setdefault((key, synonym.scientific_name), synonym)
    for line in lines.values():
        if line.english_name:
            common[line.key, line.english_name.lower()] = CommonNameRow(line.key, line.english_name, is_preferred=True)
    backbone.taxa.extend(synonyms.values())
    backbone.common_names.extend(common.values())
    return backbone


def _read_taxa(folder: Path) -> Iterator[_Line]:
    with gzip.open(folder / "backbone.tsv.gz", "rt", encoding="utf-8") as packed:
        for text in packed:
            yield _line(text)
    with (folder / "fossils.tsv").open(encoding="utf-8") as plain:
        for text in plain:
            yield _line(text)


def _line(text: str) -> _Line:
    line = _Line(*text.rstrip("\n").split("\t"))
    return line._replace(
        rank="" if line.rank == NO_RANK else line.rank,
        scientific_name=RENAMED.get(line.scientific_name, line.scientific_name),
    )


def _read_names(folder: Path, by_name: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    """Taxon key, further name, kind; the source's own names, then the aliases that we add."""
    with gzip.open(folder / "names.tsv.gz", "rt", encoding="utf-8") as packed:
        for text in packed:
            key, name, kind = text.rstrip("\n").split("\t")
            yield key, name, kind
    for row in _read_csv(folder / "aliases.csv"):
        yield _key_of(row["accepted_name"], by_name), row["alias"], "synonym"


def _read_statuses(folder: Path, by_name: dict[str, str]) -> dict[str, str]:
    return {_key_of(row["scientific_name"], by_name): row["status"] for row in _read_csv(folder / "conservation.csv")}


def _read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as plain:
        return list(csv.DictReader(plain))


def _key_of(scientific_name: str, by_name: dict[str, str]) -> str:
    try:
        return by_name[scientific_name]
    except KeyError:
        raise ValueError(f"the backbone does not know {scientific_name}") from None


def _hierarchies(lines: dict[str, _Line]) -> dict[str, tuple[str, ...]]:
    """The names at the ranks of HIERARCHY for every taxon, by one walk up that never repeats a step."""
    place = {rank: index for index, rank in enumerate(HIERARCHY)}
    known: dict[str, tuple[str, ...]] = {"": ("",) * len(HIERARCHY)}
    for start in lines:
        path = []
        key = start
        while key not in known:
            path.append(lines[key])
            key = lines[key].parent
        above = known[key]
        for line in reversed(path):
            if (index := place.get(line.rank)) is not None:
                above = (*above[:index], line.scientific_name, *above[index + 1 :])
            known[line.key] = above
    return known


def _accepted(line: _Line, hierarchy: tuple[str, ...], status: str) -> TaxonRow:
    name = Name.parse(line.scientific_name) if line.rank in SPECIES_AND_BELOW else None
    if name is not None and not hierarchy[-1]:
        hierarchy = (*hierarchy[:-1], name.genus)
    return TaxonRow(
        key=line.key,
        parent=line.parent or None,
        accepted=None,
        rank=line.rank,
        name=name or Name(""),
        scientific_name=line.scientific_name,
        hierarchy=hierarchy,
        conservation_status=status,
        extinct=True if status == EXTINCT else None,
        source_url=NCBI_TAXON + line.key if line.key.isdigit() else "",
    )


def _synonym(accepted: TaxonRow, text: str) -> TaxonRow | None:
    """`text` as a name that leads to `accepted`; None when it says nothing new."""
    name = Name.parse(text)
    of_a_species = accepted.rank in SPECIES_AND_BELOW
    if name is None or bool(name.epithet) != of_a_species or name.text == accepted.scientific_name:
        return None
    return accepted._replace(
        key=f"{accepted.key}/{name.text}",
        parent=None,
        accepted=accepted.key,
        name=name if of_a_species else Name("", authorship=name.authorship),
        scientific_name=name.text,
    )
