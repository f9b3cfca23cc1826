"""What must hold of the entries besides what was told of them."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.blobs import PUBLIC
from libs.common.recovery.audit import Asked, Audit, Finding, Named, Present, Surroundings
from libs.common.recovery.leftovers import doubled, left_behind
from libs.contracts.animals import AnimalIdentified
from libs.contracts.vision import ImageReplaced
from services.dex.models import DexEntry, RefAnimal, RefJob, Withdrawal

BATCH: Final = 500

audit = Audit()


@audit.asks
async def no_catch_is_kept_twice(session: AsyncSession, _surroundings: Surroundings) -> AsyncIterator[Finding]:
    """One owner, animal and moment; one owner, job and animal: one entry (contract B7, D2)."""
    async for finding in doubled(session, DexEntry.id, DexEntry.owner_id, DexEntry.animal_id, DexEntry.catch_date):
        yield finding
    of_a_job = DexEntry.source_vision_job.is_not(None)
    natural = (DexEntry.owner_id, DexEntry.source_vision_job, DexEntry.animal_id)
    async for finding in doubled(session, DexEntry.id, *natural, where=of_a_job):
        yield finding


@audit.asks
async def no_entry_outlives_its_animal(session: AsyncSession, _surroundings: Surroundings) -> AsyncIterator[Finding]:
    """Entries of a deleted animal are deleted with it (contract E)."""
    buried = select(DexEntry.id, DexEntry.animal_id).join(RefAnimal, RefAnimal.id == DexEntry.animal_id)
    for row in await session.execute(buried.where(RefAnimal.deleted_at.is_not(None)).limit(BATCH)):
        yield f"animal/{row.id}", f"entry {row.id} is of animal {row.animal_id}, which is deleted"


@audit.asks
async def nobody_uses_the_job_of_another(session: AsyncSession, _surroundings: Surroundings) -> AsyncIterator[Finding]:
    """An entry is made of a job of its own owner (contract D2)."""
    used = select(DexEntry.id, DexEntry.source_vision_job).join(RefJob, RefJob.id == DexEntry.source_vision_job)
    for row in await session.execute(used.where(RefJob.user_id != DexEntry.owner_id).limit(BATCH)):
        yield f"job/{row.id}", f"entry {row.id} is made of job {row.source_vision_job}, which is somebody else's"


@audit.asks_about("U4")
async def nothing_is_left_of_a_player(session: AsyncSession, _surroundings: Surroundings) -> AsyncIterator[Finding]:
    """Entries, withdrawals and copies of jobs go with their player (contract U4)."""
    for key, person in (
        (DexEntry.id, DexEntry.owner_id),
        (Withdrawal.id, Withdrawal.owner_id),
        (RefJob.id, RefJob.user_id),
    ):
        async for finding in left_behind(session, key, person):
            yield finding


@audit.keeps_files
async def pictures_of_entries(session: AsyncSession) -> AsyncIterator[Named]:
    """The displayed picture, and the entry's own upload (contract B4: none in use is ever removed)."""
    columns = (DexEntry.id, DexEntry.picture_url, DexEntry.picture_sha256, DexEntry.upload_url)
    async for row in await session.stream(select(*columns).execution_options(yield_per=BATCH)):
        yield Named(_key_of(row.picture_url), f"entry {row.id}", sha256=row.picture_sha256)
        if row.upload_url is not None:
            yield Named(_key_of(row.upload_url), f"entry {row.id}")


@audit.remembers("entry")
async def entries(session: AsyncSession, asked: Asked) -> AsyncIterator[Present]:
    """Entries as their owners were told of them (contract D2, D5)."""
    wanted = or_(DexEntry.id.in_(asked.ids), DexEntry.owner_id.in_(asked.owners))
    found = set()
    async for entry in await session.stream_scalars(select(DexEntry).where(wanted).execution_options(yield_per=BATCH)):
        found.add(str(entry.id))
        yield Present(str(entry.id), frozenset({str(entry.owner_id)}), _told(entry))
    deleted = {str(id) for id in await session.scalars(select(RefAnimal.id).where(RefAnimal.deleted_at.is_not(None)))}
    for id, past in asked.records.items():
        if id not in found and deleted.intersection(map(str, past.possible("animal"))):
            yield Present(id, frozenset(), None)


def _told(entry: DexEntry) -> Mapping[str, Any]:
    return {
        "animal": entry.animal_id,
        "source_vision_job": entry.source_vision_job,
        "visibility": entry.visibility,
        "notes": entry.notes,
        "is_favorite": entry.is_favorite,
        "location_name": entry.location_name,
        "customizations": entry.customizations,
        "catch_date": entry.catch_date,
        "picture": entry.picture_url,
    }


def _key_of(url: str) -> str:
    return PUBLIC + url.rpartition(f"/{PUBLIC}")[2]


def _job(event: AnimalIdentified | ImageReplaced) -> dict[str, Any]:
    stored = None if event.picture is None else event.picture.model_dump(mode="json")
    return {"user_id": event.user_id, "stored_picture": stored}


# The log forgets the jobs of a player, and after a loss nobody tells old ones again.
audit.compares(RefJob, AnimalIdentified, ImageReplaced, made=_job, outlives=True, apart={"trace"})
