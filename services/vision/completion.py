"""The animals service has answered: the job is complete (contract B6, E)."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.values import now
from libs.contracts.animals import AnimalIdentified, IdentifiedAnimal
from services.vision import meters
from services.vision.models import AnalysisJob


async def complete(session: AsyncSession, event: AnimalIdentified) -> bool:
    """Writes the detected animals into the job and ends it; False if there is nothing to complete (any more)."""
    job = await session.scalar(select(AnalysisJob).where(AnalysisJob.id == event.id).with_for_update())
    if job is None or job.status != "processing" or job.announced_version is None:
        return False
    if event.version < job.announced_version:
        return False  # The answer to names that have been given up since.
    distinct: dict[Any, IdentifiedAnimal] = {}
    for animal in event.animals:
        distinct.setdefault(animal.animal_id, animal)
    animals = list(distinct.values())
    job.detected_animals = [_item(animal) for animal in animals]
    job.identified_animal = animals[0].animal_id if animals else None
    job.confidence_score = _rounded(animals[0].score) if animals else None
    job.outcome = "identified" if animals else "uncertain" if job.saw_an_animal else "no_animal"
    job.status = "completed"
    job.completed_at = now()
    job.error_message = ""
    await session.flush()
    meters.count_end(job)
    return True


def _item(animal: IdentifiedAnimal) -> dict[str, Any]:
    return {
        "scientific_name": animal.scientific_name,
        "common_name": animal.common_name,
        "confidence": _rounded(animal.score),
        "animal_id": str(animal.animal_id),
        "creation_index": animal.creation_index,
        "accepted_scientific_name": animal.accepted_scientific_name,
        "is_new": animal.is_new,
    }


def _rounded(score: float | None) -> float | None:
    return None if score is None else round(min(max(score, 0.0), 1.0), 4)
