"""The tables of the animals service: the species registry, the taxonomy, and copies of what others own."""

from typing import Final

from services.animals.models.base import Base
from services.animals.models.registry import Animal, CreationCounter, RefEntry, RefUser, ResolvedJob
from services.animals.models.taxonomy import (
    NAME_SEPARATOR,
    OFFERED,
    SEARCHED_HEAD,
    CommonName,
    DataSource,
    GeographicDistribution,
    ImportJob,
    NameRelation,
    Taxon,
)

KEEP_IN_TESTS: Final = {"data_sources", "taxa", "common_names", "geographic_distributions", "name_relations"}
"""Reference data that takes seconds to load and that no test changes for good."""

__all__ = [
    "KEEP_IN_TESTS",
    "NAME_SEPARATOR",
    "OFFERED",
    "SEARCHED_HEAD",
    "Animal",
    "Base",
    "CommonName",
    "CreationCounter",
    "DataSource",
    "GeographicDistribution",
    "ImportJob",
    "NameRelation",
    "RefEntry",
    "RefUser",
    "ResolvedJob",
    "Taxon",
]
