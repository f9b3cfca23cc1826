"""What vision does when something has happened elsewhere. One sentence-named function an event (contract E)."""

import asyncio

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.copies import bury, keep, keep_told
from libs.common.forgetting import forget_events_of_user
from libs.common.handlers import Handlers
from libs.contracts.animals import AnimalCreated, AnimalDeleted, AnimalIdentified, AnimalState, AnimalUpdated
from libs.contracts.dex import DexCreated, DexDeleted, DexState, DexUpdated
from libs.contracts.social import FriendshipDeleted, FriendshipUpdated
from libs.contracts.users import UserDeleted, UserRegistered, UserState, UserUpdated
from libs.contracts.vision import ImageUploaded
from services.vision.completion import complete
from services.vision.darkroom import key_of
from services.vision.erasure import erase
from services.vision.loose_pictures import discard_avatars
from services.vision.models import AnalysisJob, RefAnimal, RefDexEntry, RefFriendship, RefUser

handlers = Handlers("vision")
handlers.on(UserDeleted)(forget_events_of_user)
worker_handlers = Handlers("vision-worker")
"""Those of the worker's process; all others run in the API's."""
job_waiting = asyncio.Event()
"""Set when there may be a new job; the worker looks, and clears it."""

handlers.witness("animal", RefAnimal)
handlers.witness("user", RefUser)
handlers.witness("dex", RefDexEntry)


@handlers.on(AnimalIdentified)
async def complete_job(event: AnimalIdentified, session: AsyncSession) -> None:
    """The animals of a job are known: it is complete."""
    await complete(session, event)


@handlers.on(UserRegistered, UserUpdated)
async def remember_user(event: UserState, session: AsyncSession) -> None:
    """Discoverers are shown by name; a picture that is their avatar no longer goes."""
    avatar = select(RefUser.avatar).where(RefUser.id == event.id)
    before = await session.scalar(avatar.with_for_update())
    await keep_told(session, RefUser, event)
    after = await session.scalar(avatar)
    # The event's own as well: it may have come late, after one that tells of another avatar.
    await discard_avatars(session, event.id, {url for url in (before, event.avatar) if url and url != after})


@handlers.on(UserDeleted)
async def forget_user(event: UserDeleted, session: AsyncSession) -> None:
    """A deleted player's jobs and pictures go."""
    await bury(session, RefUser, id=event.id, version=event.version, username="", avatar=None)
    await erase(session, event.id)


@handlers.on(AnimalCreated, AnimalUpdated)
async def remember_animal(event: AnimalState, session: AsyncSession) -> None:
    """Completed jobs show their animal as it is now."""
    await keep_told(session, RefAnimal, event)


@handlers.on(AnimalDeleted)
async def forget_animal(event: AnimalDeleted, session: AsyncSession) -> None:
    """A deleted animal is nobody's identification any more."""
    await bury(session, RefAnimal, id=event.id, version=event.version, scientific_name="", common_name="")
    await session.execute(
        update(AnalysisJob).where(AnalysisJob.identified_animal == event.id).values(identified_animal=None)
    )


@handlers.on(DexCreated, DexUpdated)
async def remember_entry(event: DexState, session: AsyncSession) -> None:
    """A picture that an entry shows is in use, and whoever may see the entry may see the picture."""
    await keep(
        session,
        RefDexEntry,
        id=event.id,
        version=event.version,
        owner_id=event.owner_id,
        job_id=event.source_vision_job,
        visibility=event.visibility,
        picture_key=key_of(event.picture.url),
    )


@handlers.on(DexDeleted)
async def forget_entry(event: DexDeleted, session: AsyncSession) -> None:
    """A deleted entry shows nothing to anybody."""
    blank = {"owner_id": event.owner_id, "job_id": None, "visibility": "private", "picture_key": ""}
    await bury(session, RefDexEntry, id=event.id, version=event.version, **blank)


@handlers.on(FriendshipUpdated)
async def remember_friendship(event: FriendshipUpdated, session: AsyncSession) -> None:
    """Friends may see what is for friends."""
    await keep_told(session, RefFriendship, event)


@handlers.on(FriendshipDeleted)
async def forget_friendship(event: FriendshipDeleted, session: AsyncSession) -> None:
    """Former friends may not."""
    ends = {"from_user": event.from_user, "to_user": event.to_user, "status": "rejected"}
    await bury(session, RefFriendship, id=event.id, version=event.version, **ends)


@worker_handlers.on(ImageUploaded)
async def wake_the_worker(event: ImageUploaded, session: AsyncSession) -> None:
    """A job is in the queue: a free hand takes it at once instead of at the next round."""
    del event, session
    job_waiting.set()
