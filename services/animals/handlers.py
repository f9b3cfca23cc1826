"""What the animals service does when something happened elsewhere."""

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.forgetting import forget_events_of_user
from libs.common.inbox import Handlers
from libs.contracts.dex import DexCreated, DexDeleted, DexState, DexUpdated
from libs.contracts.users import UserDeleted, UserRegistered, UserState, UserUpdated
from libs.contracts.vision import ImageIdentified
from services.animals import copies
from services.animals.identification import resolve_names
from services.animals.models import RefEntry, RefUser

handlers = Handlers("animals")
handlers.on(UserDeleted)(forget_events_of_user)
handlers.witness("user", RefUser)
handlers.witness("dex", RefEntry)


@handlers.on(ImageIdentified)
async def find_or_create_animals(event: ImageIdentified, session: AsyncSession) -> None:
    """Every name that the picture was given becomes an animal of the registry."""
    await resolve_names(session, event)


@handlers.on(UserRegistered, UserUpdated)
async def remember_user(event: UserState, session: AsyncSession) -> None:
    """Discoverers are shown by name."""
    await copies.keep_user(session, event)


@handlers.on(UserDeleted)
async def forget_user(event: UserDeleted, session: AsyncSession) -> None:
    """A deleted user is nobody's discoverer; the animals stay."""
    await copies.forget_user(session, event)


@handlers.on(DexCreated, DexUpdated)
async def remember_entry(event: DexState, session: AsyncSession) -> None:
    """Entries count as captures and discoveries of their animal."""
    await copies.keep_entry(session, event)


@handlers.on(DexDeleted)
async def forget_entry(event: DexDeleted, session: AsyncSession) -> None:
    """A deleted entry counts no longer."""
    await copies.forget_entry(session, event)
