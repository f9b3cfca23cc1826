"""A capture becomes an entry (contract D2)."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.auth import Player
from libs.common.calls import Peers
from libs.common.errors import FieldErrors, NotAuthenticated
from libs.common.logs import log
from libs.common.telemetry import continued
from libs.contracts.event import Picture
from services.dex.announcements import announce_created
from services.dex.lookups import NoSuchAnimal, as_stored_picture, meet_animal, usable_picture
from services.dex.models import DexEntry, RefAnimal, RefJob, RefUser
from services.dex.schemas import NewEntry
from services.dex.watermark import take_turn


class NoPicture(FieldErrors):
    def __init__(self) -> None:
        super().__init__(
            {"non_field_errors": ["Either source_vision_job or original_image must be provided."]},
        )


class SameMoment(FieldErrors):
    """One owner, one animal, one catch date: one entry (contract B7)."""

    def __init__(self) -> None:
        super().__init__({"non_field_errors": ["The fields owner, animal, catch_date must make a unique set."]})


class OwnerIsGone(NotAuthenticated):
    """The account was deleted while this request was on its way."""

    def __init__(self) -> None:
        super().__init__("User not found", code="user_not_found")


async def create_entry(session: AsyncSession, peers: Peers, player: Player, wish: NewEntry) -> tuple[DexEntry, bool]:
    """Keeps a capture and tells of it; (the entry, whether it is new).

    The same job and animal again lead to the entry there is, because clients repeat what they got no answer to.

    Raises:
        NoSuchAnimal, NoUsableJob, NoPicture, SameMoment: 400 each.
        Unavailable: animals or vision would have had to be asked, and did not answer.
    """
    await meet_animal(session, peers, player, wish.animal)
    if wish.source_vision_job is None and wish.original_image is None:
        raise NoPicture
    told = upload = None
    if wish.source_vision_job is not None:
        told = await usable_picture(session, peers, player, wish.source_vision_job)
    if wish.original_image is not None:
        upload = await as_stored_picture(peers, player, wish.original_image)

    # From here on nobody else touches this player's entries. What was asked before may have changed meanwhile.
    at = await take_turn(session, player.id)
    await _check_still_there(session, player.id, wish.animal)
    if (twin := await _replayed(session, player.id, wish)) is not None:
        return twin, False
    if await _taken(session, player.id, wish):
        raise SameMoment
    entry = DexEntry(
        version=1,
        owner_id=player.id,
        animal_id=wish.animal,
        source_vision_job=wish.source_vision_job,
        upload_url=upload.url if upload else None,
        location_lat=wish.location_lat,
        location_lon=wish.location_lon,
        location_name=wish.location_name,
        notes=wish.notes,
        customizations={},
        catch_date=wish.catch_date or at,
        visibility=wish.visibility,
        is_favorite=False,
        created_at=at,
        updated_at=at,
    )
    entry.show(await _newest_picture(session, wish.source_vision_job, [told, upload]))
    session.add(entry)
    await session.flush()
    await _tell(session, entry)
    return entry, True


async def _tell(session: AsyncSession, entry: DexEntry) -> None:
    """What began with the upload of a photo goes on with its entry, in one trace; without a known job, it begins."""
    job = await session.get(RefJob, entry.source_vision_job) if entry.source_vision_job else None
    if job is None or not job.trace:
        announce_created(session, entry)
        return
    with continued(job.trace, "catch"):
        announce_created(session, entry)
        log.info("entry.caught", entry=str(entry.id), job=str(job.id))


async def _check_still_there(session: AsyncSession, owner: UUID, animal_id: UUID) -> None:
    animal = exists().where(RefAnimal.id == animal_id, RefAnimal.deleted_at.is_(None))
    gone = exists().where(RefUser.id == owner, RefUser.deleted_at.is_not(None))
    animal_is_there, owner_is_gone = (await session.execute(select(animal, gone))).one()
    if owner_is_gone:
        raise OwnerIsGone
    if not animal_is_there:
        raise NoSuchAnimal(animal_id)


async def _replayed(session: AsyncSession, owner: UUID, wish: NewEntry) -> DexEntry | None:
    if wish.source_vision_job is None:
        return None
    return await _entry_where(session, owner, wish, DexEntry.source_vision_job == wish.source_vision_job)


async def _taken(session: AsyncSession, owner: UUID, wish: NewEntry) -> bool:
    if wish.catch_date is None:
        return False
    return await _entry_where(session, owner, wish, DexEntry.catch_date == wish.catch_date) is not None


async def _entry_where(
    session: AsyncSession, owner: UUID, wish: NewEntry, condition: ColumnElement[bool]
) -> DexEntry | None:
    query = select(DexEntry).where(DexEntry.owner_id == owner, DexEntry.animal_id == wish.animal, condition)
    entry: DexEntry | None = await session.scalar(query)
    return entry


async def _newest_picture(session: AsyncSession, job_id: UUID | None, others: Sequence[Picture | None]) -> Picture:
    """What is shown: the job's picture as it is by now, else the first of the others (contract D1)."""
    if job_id is not None:
        query = select(RefJob).where(RefJob.id == job_id).execution_options(populate_existing=True)
        job = await session.scalar(query)
        if job is not None and job.picture is not None:
            return job.picture
    return next(picture for picture in others if picture is not None)
