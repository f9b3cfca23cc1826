"""What the users service does when something happened elsewhere: it keeps count of catches (contract B13)."""

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.copies import bury, keep_told
from libs.common.forgetting import forget_events_of_user
from libs.common.inbox import Handlers
from libs.contracts.dex import DexCreated, DexDeleted, DexState, DexUpdated
from libs.contracts.users import UserDeleted
from services.users.models import Catch

handlers = Handlers("users")
handlers.on(UserDeleted)(forget_events_of_user)
handlers.witness("dex", Catch)


@handlers.on(DexCreated, DexUpdated)
async def count_catch(event: DexState, session: AsyncSession) -> None:
    """An entry in a dex counts for its owner."""
    await keep_told(session, Catch, event)


@handlers.on(DexDeleted)
async def uncount_catch(event: DexDeleted, session: AsyncSession) -> None:
    """An entry that was taken out counts no more."""
    await bury(session, Catch, id=event.id, version=event.version, owner_id=None, animal_id=None, catch_date=None)
