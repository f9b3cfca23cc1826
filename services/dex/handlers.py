"""What dex does when something happened elsewhere. Every handler may be called late, twice and out of order."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.copies import bury, keep, keep_told
from libs.common.forgetting import forget_events_of_user
from libs.common.inbox import Handlers
from libs.common.telemetry import carried
from libs.contracts.animals import AnimalCreated, AnimalDeleted, AnimalIdentified, AnimalState, AnimalUpdated
from libs.contracts.social import FriendshipDeleted, FriendshipUpdated
from libs.contracts.users import UserDeleted, UserRegistered, UserState, UserUpdated
from libs.contracts.vision import ImageReplaced
from services.dex.erasure import erase_entries_of_animal, erase_player
from services.dex.freshness import advance_entries_of_animal, advance_entries_of_owner, show_replaced_picture
from services.dex.models import RefAnimal, RefFriendship, RefJob, RefUser

handlers = Handlers("dex")
handlers.on(UserDeleted)(forget_events_of_user)
handlers.witness("user", RefUser)
handlers.witness("animal", RefAnimal)
handlers.witness("friendship", RefFriendship)


@handlers.on(UserRegistered, UserUpdated)
async def remember_user(event: UserState, session: AsyncSession) -> None:
    """Keeps a player's public state; after a rename their entries are synced anew."""
    before = await session.scalar(select(RefUser.username).where(RefUser.id == event.id).with_for_update())
    news = await keep_told(session, RefUser, event)
    if news and before != event.username:
        await advance_entries_of_owner(session, event.id)


@handlers.on(UserDeleted)
async def forget_user(event: UserDeleted, session: AsyncSession) -> None:
    """Erases a deleted player: entries, jobs, name and code (contract U4)."""
    blank = {"username": "", "friend_code": "", "is_superuser": False, "location_precision": "hidden"}
    if await bury(session, RefUser, id=event.id, version=event.version, **blank):
        await erase_player(session, event.id)


@handlers.on(AnimalCreated, AnimalUpdated)
async def remember_animal(event: AnimalState, session: AsyncSession) -> None:
    """Keeps a species' public state; entries are synced anew when its number or a name changed."""
    query = select(RefAnimal.creation_index, RefAnimal.scientific_name, RefAnimal.common_name)
    before = (await session.execute(query.where(RefAnimal.id == event.id).with_for_update())).one_or_none()
    news = await keep_told(session, RefAnimal, event)
    if news and before is not None and before != (event.creation_index, event.scientific_name, event.common_name):
        await advance_entries_of_animal(session, event.id)


@handlers.on(AnimalDeleted)
async def forget_animal(event: AnimalDeleted, session: AsyncSession) -> None:
    """Deletes the entries of a deleted species."""
    if await bury(session, RefAnimal, id=event.id, version=event.version):
        await erase_entries_of_animal(session, event.id)


@handlers.on(AnimalIdentified)
async def remember_job(event: AnimalIdentified, session: AsyncSession) -> None:
    """Keeps whose job is completed, and with which picture: an entry can be made of it now."""
    if await _is_erased(session, event):
        return
    values = {"user_id": event.user_id, "stored_picture": event.picture and event.picture.model_dump(mode="json")}
    await keep(session, RefJob, id=event.id, version=event.version, trace=carried(), **values)


@handlers.on(ImageReplaced)
async def replace_picture(event: ImageReplaced, session: AsyncSession) -> None:
    """Shows a job's new picture in the entries made with it."""
    if await _is_erased(session, event):
        return
    stored = event.picture.model_dump(mode="json")
    if await keep(session, RefJob, id=event.id, version=event.version, user_id=event.user_id, stored_picture=stored):
        await show_replaced_picture(session, event.id, event.user_id, event.picture)


@handlers.on(FriendshipUpdated)
async def remember_friendship(event: FriendshipUpdated, session: AsyncSession) -> None:
    """Keeps how two players stand."""
    await keep_told(session, RefFriendship, event)


@handlers.on(FriendshipDeleted)
async def forget_friendship(event: FriendshipDeleted, session: AsyncSession) -> None:
    """Two players are strangers again; the tombstone names nobody."""
    await bury(session, RefFriendship, id=event.id, version=event.version, from_user=None, to_user=None, status="")


async def _is_erased(session: AsyncSession, event: AnimalIdentified | ImageReplaced) -> bool:
    """A job that arrives after its player was erased must not bring anything back."""
    erased = select(RefUser.id).where(RefUser.id == event.user_id, RefUser.deleted_at.is_not(None))
    return await session.scalar(erased) is not None
