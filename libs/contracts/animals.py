"""What the animals service tells: the species registry, and which animals a job's names led to."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from libs.contracts.event import Event, Fact, Picture


class AnimalState(Event):
    """One species of the registry with its place in the hierarchy; empty text where nothing is known."""

    scientific_name: str
    common_name: str
    kingdom: str
    phylum: str
    class_name: str
    order: str
    family: str
    genus: str
    species: str
    conservation_status: str
    creation_index: int
    verified: bool
    created_by: UUID | None
    created_at: datetime

    def people(self) -> tuple[UUID, ...]:
        return (self.created_by,) if self.created_by else ()


class AnimalCreated(AnimalState):
    subject: ClassVar[str] = "animal.created"


class AnimalUpdated(AnimalState):
    subject: ClassVar[str] = "animal.updated"


class AnimalDeleted(Event):
    subject: ClassVar[str] = "animal.deleted"


class IdentifiedAnimal(Fact):
    """One detection of a job, resolved to a species of the registry."""

    animal_id: UUID
    creation_index: int
    scientific_name: str
    """The name as detected; may be a trinomial or a synonym."""
    accepted_scientific_name: str
    """The name of the animal record that it led to."""
    common_name: str
    score: float | None
    is_new: bool


class AnimalIdentified(Event):
    """`id` and `version` are those of the job, as they came with `image.identified`."""

    subject: ClassVar[str] = "animal.identified"

    user_id: UUID
    animals: list[IdentifiedAnimal]
    picture: Picture | None

    def people(self) -> tuple[UUID, ...]:
        return (self.user_id,)


class TaxonomyImported(Event):
    subject: ClassVar[str] = "taxonomy.imported"

    source: str
    release: str
    taxa: int
    names: int
