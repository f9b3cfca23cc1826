"""What dex tells about its entries; the only place where an entry's version grows (contract E)."""

from datetime import datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.outbox import record
from libs.contracts.dex import DexCreated, DexDeleted, DexState, DexUpdated
from services.dex.models import DexEntry

State = TypeVar("State", bound=DexState)


def announce_created(session: AsyncSession, entry: DexEntry) -> None:
    """Tells of a new entry."""
    record(session, state_of(DexCreated, entry))


def announce_updated(session: AsyncSession, entry: DexEntry, at: datetime) -> None:
    """Advances the entry to `at`, the moment of the turn that is held, and tells of it."""
    entry.version += 1
    entry.updated_at = at
    record(session, state_of(DexUpdated, entry))


def announce_deleted(session: AsyncSession, entry_id: UUID, owner: UUID, version: int) -> None:
    """Tells that an entry is gone; `version` is the last one it had."""
    record(session, DexDeleted(id=entry_id, version=version + 1, owner_id=owner))


def state_of(kind: type[State], entry: DexEntry) -> State:
    """The entry as an event tells it."""
    return kind(
        id=entry.id,
        version=entry.version,
        owner_id=entry.owner_id,
        animal_id=entry.animal_id,
        visibility=entry.visibility,
        picture=entry.picture,
        catch_date=entry.catch_date,
        created_at=entry.created_at,
        updated_at=entry.updated_at,
        source_vision_job=entry.source_vision_job,
        upload_url=entry.upload_url,
    )
