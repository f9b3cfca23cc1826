"""Animals that people make and change by hand (contract A3, A5, A9)."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.errors import FieldErrors, Refusal
from libs.common.outbox import record
from libs.common.values import now
from libs.contracts.animals import AnimalDeleted
from services.animals.backing import backing_of
from services.animals.candidates import Candidate, agrees, hierarchy_of, link_to
from services.animals.details import NoSuchAnimal
from services.animals.matching import exact
from services.animals.models import Animal
from services.animals.names import first_two_words
from services.animals.registry import MANUAL, change, create, fill_blanks, find_or_create
from services.animals.schemas.animals import AnimalDetails, AnimalDraft, Lookup

BY_A_USER: Final = "user"


class NameTaken(FieldErrors):
    def __init__(self) -> None:
        super().__init__({"scientific_name": ["Animal with this scientific name already exists."]})


class NameMissing(Refusal):
    sentence = "scientific_name is required"


async def create_animal(session: AsyncSession, draft: AnimalDraft, creator: UUID) -> Animal:
    """A new animal as a user describes it, not verified by that.

    Raises:
        NameTaken: there is an animal of this name, in whatever case.
    """
    columns = draft.model_dump()
    animal = await create(
        session, {**columns, **_ranks_in_name(columns), "created_by": creator, "verification_method": BY_A_USER}
    )
    if animal is None:
        raise NameTaken
    return animal


async def edit_animal(session: AsyncSession, animal_id: UUID, details: AnimalDetails) -> Animal:
    """Writes what staff has sent; the record counts as hand-made from then on.

    Raises:
        NoSuchAnimal: unknown.
        NameTaken: another animal has the new name.
    """
    animal = await _locked(session, animal_id)
    news = details.given()
    if news.get("verified"):
        news["last_verified_at"] = now()
    shape = {key: news.get(key, getattr(animal, key)) for key in ("scientific_name", "genus", "species")}
    try:
        await change(session, animal, {**news, **_ranks_in_name(shape), "verification_method": MANUAL})
    except IntegrityError:
        # The name's unique index decides, so that two renames at once cannot both succeed.
        raise NameTaken from None
    return animal


async def delete_animal(session: AsyncSession, animal_id: UUID) -> None:
    """Takes the animal out of the registry; its number is not given again.

    Raises:
        NoSuchAnimal: unknown.
    """
    animal = await _locked(session, animal_id)
    await session.delete(animal)
    await session.flush()
    record(session, AnimalDeleted(id=animal.id, version=animal.version + 1))


async def look_up_or_create(session: AsyncSession, asked: Lookup, player: UUID) -> tuple[Animal, bool]:
    """The animal of exactly this name, and whether it is new. Safe to repeat, and in parallel.

    Of a new one the player's own words are kept; what was left empty comes from the taxonomy where that knows the
    name, which verifies the animal unless the words contradict it.

    Raises:
        NameMissing: no scientific name was given.
    """
    if not asked.scientific_name:
        raise NameMissing
    candidate = await _candidate(session, asked)
    animal, created = await find_or_create(session, candidate, player)
    if not created:
        await fill_blanks(session, animal, candidate)
    return animal, created


async def _candidate(session: AsyncSession, asked: Lookup) -> Candidate:
    hierarchy = asked.hierarchy()
    taxon = await exact(session, asked.scientific_name)
    if taxon is None or not agrees(hierarchy, taxon):
        return Candidate(asked.scientific_name, asked.common_name, hierarchy, verified=False, method=BY_A_USER)
    backing = await backing_of(session, taxon)
    return Candidate(
        asked.scientific_name,
        asked.common_name,
        {**hierarchy_of(taxon), **{column: value for column, value in hierarchy.items() if value}},
        verified=True,
        method="taxonomy",
        conservation_status=taxon.conservation_status,
        native_regions=backing.native_regions,
        taxonomy=link_to(taxon, backing.source),
    )


def _ranks_in_name(columns: dict[str, Any]) -> dict[str, str]:
    """Genus and species out of the name, if either is blank (contract B1)."""
    if columns["genus"] and columns["species"]:
        return {}
    genus, species = first_two_words(columns["scientific_name"])
    return {"genus": genus, "species": species} if genus else {}


async def _locked(session: AsyncSession, animal_id: UUID) -> Animal:
    animal = await session.get(Animal, animal_id, with_for_update=True)
    if animal is None:
        raise NoSuchAnimal
    return animal
