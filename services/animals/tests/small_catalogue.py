"""A catalogue of a few names as the Catalogue of Life writes its own, ways to spoil it, and what became of it."""

import zipfile
from pathlib import Path

from sqlalchemy import select

from libs.common.db import Database
from services.animals.models import DataSource, Taxon

METADATA = "title: Catalogue of a few\nversion: 2026-11-01\nlicense: CC BY 4.0\n"
COLUMNS = (
    *("ID", "parentID", "status", "rank", "scientificName", "authorship", "genericName", "specificEpithet"),
    *("infraspecificEpithet", "code", "extinct", "environment", "kingdom", "family"),
)
# Ranks by parentID alone, but for the kingdom of the first.
USAGES = """
A||accepted|kingdom|Animalia|||||zoological||||
C|A|accepted|phylum|Chordata|||||zoological||||
M|C|accepted|class|Mammalia|||||zoological||||
K|M|accepted|order|Carnivora|||||zoological||||
F|K|accepted|family|Canidae|Fischer, 1817||||zoological||||
G|F|accepted|genus|Canis|Linnaeus, 1758||||zoological||||
L|G|accepted|species|Canis lupus|Linnaeus, 1758|Canis|lupus||zoological|false|terrestrial||
D|G|accepted|species|Canis familiaris|"Linnaeus", 1758|Canis|familiaris||zoological||terrestrial||
DL|D|synonym|subspecies|Canis lupus familiaris||Canis|lupus|familiaris|zoological||||
DA|D|ambiguous synonym|species|Canis aegyptius||Canis|aegyptius||zoological||||
S|G|provisionally accepted|species|Canis "novus|  |||||true|brackish,marine, terrestrial||
B|G|bare name|species|Canis incertus||Canis|incertus||zoological||||
X|G|accepted|species|Canis dirus||Canis|dirus||zoological|true|||
P||accepted|kingdom|Plantae|||||botanical||||
PR|P|accepted|species|Rosa canina||Rosa|canina||botanical||||
PB||accepted|species|Rosa rugosa||Rosa|rugosa||botanical|||Plantae|
"""
COMMON_NAMES = """
D|dog|en||true
D|domestic dog|eng||
D|Hund|de|de|1
D|perro|spa|ES|yes
L|gray wolf||us|t
L|gray wolf|eng|US|
ZZ|nobody|eng||
"""
RELATIONS = """
DA|L|basionym
L|ZZ|basionym
"""
DISTRIBUTIONS = """
L|CA|Canada|iso|native|Vulnerable
L|US|United States|iso|native|LC
L|CA|Canada|iso|native|
L|AU|Australia|iso|introduced|
D|||||weird
"""


def table(columns: tuple[str, ...], text: str) -> str:
    """Lines with bars as lines with tabs, below their header."""
    rows = [line.replace("|", "\t") for line in text.strip("\n").split("\n")]
    return "\n".join(["\t".join(f"col:{column}" for column in columns), *rows]) + "\n"


FILES = {
    "metadata.yaml": METADATA,
    "NameUsage.tsv": table(COLUMNS, USAGES),
    "VernacularName.tsv": table(("taxonID", "name", "language", "country", "preferred"), COMMON_NAMES),
    "NameRelation.tsv": table(("nameID", "relatedNameID", "type"), RELATIONS),
    "Distribution.tsv": table(
        ("taxonID", "areaID", "area", "gazetteer", "establishmentMeans", "threatStatus"), DISTRIBUTIONS
    ),
}


def write_catalogue(path: Path, **changed: str | bytes | None) -> Path:
    """The small catalogue, with files replaced (`NameUsage="…"`) or left out (`None`)."""
    files: dict[str, str | bytes | None] = {**FILES}
    for name, content in changed.items():
        files["metadata.yaml" if name == "metadata" else f"{name}.tsv"] = content
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in files.items():
            if text is not None:
                packed.writestr(name, text)
    return path


def usages(*lines: str) -> str:
    """Only these lines of NameUsage.tsv, with bars."""
    return table(COLUMNS, "\n".join(lines))


async def imported_taxa(db: Database) -> dict[str, Taxon]:
    """What is there of the catalogue, by the ids of the source."""
    async with db.reading() as session:
        query = select(Taxon).join(DataSource, DataSource.id == Taxon.source_id).where(DataSource.short_code == "col")
        return {taxon.source_taxon_id: taxon for taxon in await session.scalars(query)}
