"""Taxa and their sources as the API gives them (contract X1, X3, X8, X9)."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field, SerializerFunctionWrapHandler, StringConstraints, model_serializer

from libs.common.values import Input, Instant, Output, fixed
from services.animals.models import CommonName, DataSource, GeographicDistribution
from services.animals.models import Taxon as TaxonRow
from services.animals.ranks import RANKS

Score = Annotated[Decimal, fixed(2)] | None


class Called(Output):
    """A common name."""

    name: str
    language: str
    country: str
    is_preferred: bool


class TaxonMinimal(Output):
    """`rank_name` is absent where a taxon has no rank; `common_names` are English and preferred first."""

    id: UUID
    scientific_name: str
    rank_name: str
    status: str
    kingdom: str
    phylum: str
    class_name: str
    order: str
    family: str
    genus: str
    specific_epithet: str
    infraspecific_epithet: str
    source_name: str
    completeness_score: Score
    common_names: list[Called]

    @model_serializer(mode="wrap")
    def _without_an_empty_rank(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        answer: dict[str, Any] = serialize(self)
        if not self.rank_name:
            del answer["rank_name"]
        return answer

    @classmethod
    def of(cls, taxon: TaxonRow, source_name: str, common_names: Sequence[CommonName]) -> Self:
        columns = {name: getattr(taxon, name) for name in cls.model_fields if hasattr(taxon, name)}
        return cls.model_validate(
            {**columns, "rank_name": taxon.rank, "source_name": source_name, "common_names": common_names}
        )


class Source(Output):
    id: UUID
    name: str
    short_code: str
    full_name: str
    url: str
    update_frequency: str
    license: str
    is_active: bool
    priority: int


class RankAnswer(Output):
    name: str
    level: int | None
    plural: str


class Distribution(Output):
    area_code: str
    gazetteer: str
    area_name: str
    establishment_means: str
    occurrence_status: str
    threat_status: str


class FullHierarchy(Output):
    """`species` and `subspecies` are whole names here."""

    kingdom: str
    phylum: str
    class_: str = Field(serialization_alias="class", validation_alias="class_name")
    order: str
    family: str
    genus: str
    species: str
    subspecies: str


class Taxon(Output):
    id: UUID
    source: Source
    source_taxon_id: str
    scientific_name: str
    authorship: str
    rank: RankAnswer | None
    status: str
    kingdom: str
    phylum: str
    class_name: str
    order: str
    family: str
    subfamily: str
    genus: str
    species: str
    subspecies: str
    generic_name: str
    specific_epithet: str
    infraspecific_epithet: str
    extinct: bool | None
    environment: list[str]
    nomenclatural_code: str
    source_url: str
    completeness_score: Score
    confidence_score: Score
    common_names: list[Called]
    distributions: list[Distribution]
    full_hierarchy: FullHierarchy
    created_at: Instant
    updated_at: Instant

    @classmethod
    def of(
        cls,
        taxon: TaxonRow,
        source: DataSource,
        common_names: Sequence[CommonName],
        distributions: Sequence[GeographicDistribution],
    ) -> Self:
        columns = {column.name: getattr(taxon, column.name) for column in TaxonRow.__table__.c}
        binomial = f"{taxon.generic_name} {taxon.specific_epithet}" if taxon.specific_epithet else ""
        names = {
            "species": binomial,
            "subspecies": f"{binomial} {taxon.infraspecific_epithet}" if taxon.infraspecific_epithet else "",
        }
        return cls.model_validate(
            {
                **columns,
                **names,
                "source": source,
                "rank": RANKS.get(taxon.rank),
                "common_names": common_names,
                "distributions": distributions,
                "full_hierarchy": {**columns, **names},
            }
        )


class Claim(Input):
    """A name that somebody wants to know of whether it is one."""

    scientific_name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    common_name: Annotated[str, StringConstraints(max_length=200)] = ""


class Verdict(Output):
    """`taxonomy` is there only if the name is valid."""

    valid: bool
    created: bool = False
    message: str
    taxonomy: Taxon | None = None

    @model_serializer(mode="wrap")
    def _without_an_empty_taxonomy(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        answer: dict[str, Any] = serialize(self)
        if self.taxonomy is None:
            del answer["taxonomy"]
        return answer


class Children(Output):
    count: int
    direct_only: bool
    results: list[TaxonMinimal]


class TaxonomyStats(Output):
    total_taxa: int
    kingdoms: int
    species: int
    genera: int
    families: int
    sources: int
