"""The four tables of a catalogue, line by line, as rows for COPY (contract B11). Quoting has no meaning in them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Final, NamedTuple

from services.animals.coldp import words
from services.animals.coldp.archive import Archive, BadCatalogue
from services.animals.languages import language_code
from services.animals.names import Name
from services.animals.ranks import SPECIES_AND_BELOW

PREFIX: Final = "col:"
# No field can hold a control character (see `archive`), so these never meet a value.
QUOTE: Final = "\x01"
NULL: Final = "\x02"
MAX_KEY: Final = 160
MAX_NAME: Final = 200

Row = tuple[str, ...]
Convert = Callable[[Row, int], Row | None]
"""From a line's fields and number to the row to store; None for a line that is left out."""


class Batch(NamedTuple):
    """Some lines of a table: what goes to COPY, how many there were (and characters), how many are left out."""

    rows: bytes
    read: int
    size: int
    skipped: int


@dataclass(frozen=True, slots=True)
class Table:
    """A file of the catalogue; `columns` are given to `convert` in this order, empty where the file lacks one."""

    file: str
    required: tuple[str, ...]
    optional: tuple[str, ...]
    staging: str
    stored: tuple[str, ...]
    """Columns of the staging table."""
    convert: Convert

    def read(self, archive: Archive) -> Iterator[Batch]:
        """All of the file, a megabyte at a time.

        Raises:
            BadCatalogue: a column is missing, or a line has not as many fields as the header.
        """
        pick: Callable[[Sequence[str]], Row] | None = None
        width = 0
        for first, text in archive.blocks(self.file):
            number, lines = first, text.split("\n")
            if pick is None:
                header = [name.strip().removeprefix(PREFIX).lower() for name in lines.pop(0).split("\t")]
                pick, width, number = self._picker(header), len(header), number + 1
            rows = []
            read = 0
            for offset, line in enumerate(lines):
                if not line:
                    continue
                fields = line.split("\t")
                if len(fields) != width:
                    raise BadCatalogue(
                        f"{self.file} has {len(fields)} fields in line {number + offset}, and {width} in its header."
                    )
                fields.append("")
                read += 1
                row = self.convert(pick(fields), number + offset)
                if row is not None:
                    rows.append("\t".join(row))
            yield Batch("".join(f"{row}\n" for row in rows).encode(), read, len(text) + 1, read - len(rows))
        if pick is None:
            raise BadCatalogue(f"{self.file} is empty.")

    def _picker(self, header: list[str]) -> Callable[[Sequence[str]], Row]:
        for name in self.required:
            if name.lower() not in header:
                raise BadCatalogue(f"{self.file} has no column {PREFIX}{name}.")
        place = {name: index for index, name in reversed(list(enumerate(header)))}
        # Behind the last field every line gets an empty one, for the columns that are not there.
        return itemgetter(*(place.get(name.lower(), len(header)) for name in (*self.required, *self.optional)))


def usages(kingdoms: frozenset[str]) -> Table:
    """Accepted names and synonyms; a line that says it belongs to a kingdom other than `kingdoms` is left out."""
    wanted = {"", *(kingdom.lower() for kingdom in kingdoms)}

    def convert(row: Row, number: int) -> Row | None:
        key, name, parent, status, rank, authorship, kingdom, *places, genus, species, below, code, extinct, where = row
        if kingdom.lower() not in wanted or not (key and len(key) <= MAX_KEY and name and len(name) <= MAX_NAME):
            return None
        rank = words.rank(rank)
        if not species and rank in SPECIES_AND_BELOW and (parts := Name.parse(name)) is not None:
            genus, species, below = parts.genus, parts.epithet, parts.infraspecific
        return (
            *(str(number), key, name, parent, words.status(status), rank, authorship, kingdom, *places),
            *(genus, species, below),
            words.code(code),
            NULL if not extinct else ("t" if words.is_true(extinct) else "f"),
            "{" + ",".join(words.environments(where)) + "}",
        )

    return Table(
        file="NameUsage.tsv",
        required=("ID", "scientificName"),
        optional=(
            *("parentID", "status", "rank", "authorship"),
            *("kingdom", "phylum", "class", "order", "family", "subfamily", "genus"),
            *("genericName", "specificEpithet", "infraspecificEpithet", "code", "extinct", "environment"),
        ),
        staging="coldp_usages",
        stored=(
            *("line", "key", "scientific_name", "parent_key", "status", "rank", "authorship"),
            *("kingdom", "phylum", "class_name", "order", "family", "subfamily", "genus"),
            *("generic_name", "specific_epithet", "infraspecific_epithet"),
            *("nomenclatural_code", "extinct", "environment"),
        ),
        convert=convert,
    )


def _common_name(row: Row, _number: int) -> Row | None:
    key, name, language, country, preferred = row
    name = name.strip()
    if not name or len(name) > MAX_NAME:
        return None
    return key, name, language_code(language), words.country(country), "t" if words.is_true(preferred) else "f"


def _distribution(row: Row, number: int) -> Row | None:
    key, code, area, gazetteer, means, status, threat = row
    return (
        *(key, str(number), code[:100], gazetteer[:30], area[:300]),
        *(means.lower()[:30], status.lower()[:30], words.threat(threat)[:30]),
    )


def _relation(row: Row, _number: int) -> Row | None:
    key, related, relation = row
    return key, related, words.relation(relation)


COMMON_NAMES: Final = Table(
    file="VernacularName.tsv",
    required=("taxonID", "name"),
    optional=("language", "country", "preferred"),
    staging="staged_common_names",
    stored=("key", "name", "language", "country", "is_preferred"),
    convert=_common_name,
)
DISTRIBUTIONS: Final = Table(
    file="Distribution.tsv",
    required=("taxonID",),
    optional=("areaID", "area", "gazetteer", "establishmentMeans", "status", "threatStatus"),
    staging="staged_geographic_distributions",
    stored=(
        *("key", "position", "area_code", "gazetteer", "area_name"),
        *("establishment_means", "occurrence_status", "threat_status"),
    ),
    convert=_distribution,
)
RELATIONS: Final = Table(
    file="NameRelation.tsv",
    required=("nameID", "relatedNameID", "type"),
    optional=(),
    staging="staged_name_relations",
    stored=("key", "related_key", "relation_type"),
    convert=_relation,
)
OPTIONAL_TABLES: Final = (COMMON_NAMES, DISTRIBUTIONS, RELATIONS)
