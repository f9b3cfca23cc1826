"""From the names that a picture's identification gave to animals of the registry (contract B3, E)."""

from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.logs import log
from libs.common.outbox import record
from libs.contracts.animals import AnimalIdentified, IdentifiedAnimal
from libs.contracts.vision import DetectedName, ImageIdentified
from services.animals.backbone import require_taxonomy
from services.animals.backing import backing_of
from services.animals.candidates import Candidate
from services.animals.copies import is_gone
from services.animals.matching import match
from services.animals.models import Animal, CommonName, ResolvedJob, Taxon
from services.animals.names import Name
from services.animals.ranks import CATCHABLE
from services.animals.registry import fill_blanks, find_or_create

MAX_COMMON_NAME: Final = 200


async def resolve_names(session: AsyncSession, event: ImageIdentified) -> None:
    """Leads every name of the job to its animal and tells; the same event again changes nothing.

    Order is kept, two names that lead to one animal are merged, and what is coarser than a genus or has not the form
    of a name yields none.

    Raises:
        TaxonomyNotFilled: too early; the event is to come again.
    """
    await require_taxonomy(session)
    job = await _begin(session, event)
    if job is None:
        return
    creator = None if await is_gone(session, event.user_id) else event.user_id
    resolved: dict[UUID, IdentifiedAnimal] = {}
    known: dict[UUID, tuple[Animal, Candidate]] = {}
    for detected in event.names:
        candidate = await candidate_of(session, detected)
        if candidate is None:
            log.info("identification.name_left_out", job=str(event.id))
            continue
        animal, created = await find_or_create(session, candidate, creator)
        if created:
            job.created_animals = [*job.created_animals, animal.id]
        known.setdefault(animal.id, (animal, candidate))
        resolved.setdefault(animal.id, _told(detected, animal, is_new=animal.id in job.created_animals))
    for animal_id in sorted(known):
        await fill_blanks(session, *known[animal_id])
    await session.flush()
    record(
        session,
        AnimalIdentified(
            id=event.id,
            version=event.version,
            user_id=event.user_id,
            animals=list(resolved.values()),
            picture=event.picture,
        ),
    )


async def candidate_of(session: AsyncSession, detected: DetectedName) -> Candidate | None:
    """What the taxonomy makes of a detected name; None where no animal may come of it."""
    name = Name.parse(detected.scientific_name)
    if name is None:
        return None
    common_name = detected.common_name.strip()[:MAX_COMMON_NAME]
    taxon = await match(session, name, common_name)
    if taxon is not None:
        if taxon.rank not in CATCHABLE:
            return None
        called = common_name or await _usual_name(session, taxon)
        return Candidate.of_taxon(taxon, await backing_of(session, taxon), common_name=called)
    genus = await match(session, Name(name.genus)) if name.epithet else None
    if genus is None and not detected.in_form:
        return None  # Prose: "Identified as", "Perhaps some" (contract B2).
    return Candidate.of_name(name, common_name, genus if genus is not None and genus.rank == "genus" else None)


async def _begin(session: AsyncSession, event: ImageIdentified) -> ResolvedJob | None:
    """The job's row, locked, if this version of it is news."""
    statement = insert(ResolvedJob).values(id=event.id, version=event.version, created_animals=[])
    return await session.scalar(
        statement.on_conflict_do_update(
            index_elements=["id"],
            set_={"version": statement.excluded.version},
            where=ResolvedJob.version < statement.excluded.version,
        ).returning(ResolvedJob)
    )


async def _usual_name(session: AsyncSession, taxon: Taxon) -> str:
    """The first English or preferred common name; empty if people have none."""
    found = await session.scalar(
        select(CommonName.name)
        .where(CommonName.taxon_id == taxon.id)
        .order_by((CommonName.language == "eng").desc(), CommonName.is_preferred.desc(), func.lower(CommonName.name))
        .limit(1)
    )
    return found or ""


def _told(detected: DetectedName, animal: Animal, *, is_new: bool) -> IdentifiedAnimal:
    return IdentifiedAnimal(
        animal_id=animal.id,
        creation_index=animal.creation_index,
        scientific_name=detected.scientific_name,
        accepted_scientific_name=animal.scientific_name,
        common_name=detected.common_name,
        score=detected.score,
        is_new=is_new,
    )
