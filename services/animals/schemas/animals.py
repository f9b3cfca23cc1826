"""Animals as the API takes and gives them (contract A1, A3, A5, A9)."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from libs.common.json_values import from_text, keepable
from libs.common.values import Input, Instant, Output

MAX_FACTS_BYTES: Final = 65_536

ConservationStatus = Literal["EX", "EW", "CR", "EN", "VU", "NT", "LC", "DD", "NE"]


def _one_spaced(text: str) -> str:
    return " ".join(text.split())


def _facts(value: Any) -> Any:
    return [] if value == "" else keepable(from_text(value), max_bytes=MAX_FACTS_BYTES)


Named = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_one_spaced)]
Short = Annotated[str, StringConstraints(max_length=100)]
Long = Annotated[str, StringConstraints(max_length=10_000)]
Facts = Annotated[list[Any], BeforeValidator(_facts)]


class AnimalDetails(Input):
    """What may be told of an animal besides its names. What is absent keeps its value, or gets the default."""

    kingdom: Annotated[str, StringConstraints(min_length=1, max_length=100)] = "Animalia"
    phylum: Short = ""
    class_name: Short = ""
    order: Short = ""
    family: Short = ""
    genus: Short = ""
    species: Short = ""
    description: Long = ""
    habitat: Long = ""
    diet: Long = ""
    conservation_status: ConservationStatus = "NE"
    interesting_facts: Facts = Field(default_factory=list)

    def given(self) -> dict[str, Any]:
        """Only what the caller sent, as columns of the table."""
        return self.model_dump(include=self.model_fields_set)


class AnimalDraft(AnimalDetails):
    """A new animal, from any signed-in user (A3)."""

    scientific_name: Named
    common_name: Named


class AnimalReplacement(AnimalDraft):
    """An animal as staff writes it (PUT of A5)."""

    verified: bool = False


class AnimalPatch(AnimalDetails):
    """Some of an animal's fields as staff writes them (PATCH of A5)."""

    scientific_name: Named = ""
    common_name: Named = ""
    verified: bool = False


class Lookup(Input):
    """The animal that a player names by hand; empty text where the form was left empty (A9)."""

    scientific_name: Annotated[str, StringConstraints(max_length=200), AfterValidator(_one_spaced)] = ""
    common_name: Annotated[str, StringConstraints(max_length=200)] = ""
    kingdom: Short = ""
    phylum: Short = ""
    class_name: Short = ""
    order: Short = ""
    family: Short = ""
    genus: Short = ""
    species: Short = ""

    def hierarchy(self) -> dict[str, str]:
        """The ranks as columns of an animal."""
        return self.model_dump(exclude={"scientific_name", "common_name"})


class AnimalListItem(Output):
    id: UUID
    scientific_name: str
    common_name: str
    conservation_status: str
    creation_index: int
    created_by_username: str | None
    verified: bool


class PopularAnimal(AnimalListItem):
    capture_count: int


class TaxonomicTree(Output):
    """The seven ranks that trees use; empty where unknown."""

    kingdom: str
    phylum: str
    class_: str = Field(serialization_alias="class", validation_alias="class_name")
    order: str
    family: str
    genus: str
    species: str


class Animal(Output):
    id: UUID
    scientific_name: str
    common_name: str
    kingdom: str
    phylum: str
    class_name: str
    order: str
    family: str
    genus: str
    species: str
    description: str
    habitat: str
    diet: str
    conservation_status: str
    interesting_facts: list[Any]
    creation_index: int
    created_by: UUID | None
    created_by_username: str | None
    verified: bool
    created_at: Instant
    updated_at: Instant
    taxonomic_tree: TaxonomicTree
    discovery_count: int

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """From a row that has all columns of the table, the discoverer's name and the count."""
        return cls.model_validate({**row, "taxonomic_tree": row})


class LookupResult(Output):
    created: bool
    animal: Animal
