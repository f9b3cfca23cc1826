"""An owner changes an entry: edits, merges, favorites, deletion (contract D5, D6, D9)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.auth import Player
from libs.common.calls import Peers
from libs.common.errors import Forbidden, NotFound
from services.dex.announcements import announce_deleted, announce_updated
from services.dex.lookups import meet_animal
from services.dex.models import DexEntry
from services.dex.schemas import Edit
from services.dex.visibility import may_see, relation_of
from services.dex.watermark import take_turn
from services.dex.withdrawals import note_deleted, note_narrowed


async def edit_entry(
    session: AsyncSession, peers: Peers, player: Player, entry_id: UUID, edit: Edit
) -> tuple[DexEntry, bool]:
    """Changes what was sent; (the entry that stands now, whether the edited one was merged into it).

    An entry that is given an animal its owner has already gives way to the newest entry of that animal.

    Raises:
        NotFound, Forbidden: not visible; visible, but somebody else's.
        NoSuchAnimal: 400, with nothing changed.
    """
    await _check_owner(session, player, entry_id)
    changes = edit.model_dump(include=edit.model_fields_set)
    animal_id = changes.pop("animal", None)
    if animal_id is not None:
        await meet_animal(session, peers, player, animal_id)
    entry, at = await _take_own(session, player, entry_id)
    if animal_id is not None and animal_id != entry.animal_id:
        survivor = await _newest_of(session, player.id, animal_id)
        if survivor is not None:
            await _delete(session, entry, at)
            announce_updated(session, survivor, at)
            return survivor, True
        entry.animal_id = animal_id
    before = entry.visibility
    for name, value in changes.items():
        setattr(entry, name, value)
    await note_narrowed(session, entry, before, at)
    announce_updated(session, entry, at)
    return entry, False


async def toggle_favorite(session: AsyncSession, player: Player, entry_id: UUID) -> None:
    """Makes a favorite of an entry, or no longer; raises as `edit_entry`."""
    await _check_owner(session, player, entry_id)
    entry, at = await _take_own(session, player, entry_id)
    entry.is_favorite = not entry.is_favorite
    announce_updated(session, entry, at)
    await session.flush()


async def delete_entry(session: AsyncSession, player: Player, entry_id: UUID) -> None:
    """Removes an entry for good; raises as `edit_entry`."""
    await _check_owner(session, player, entry_id)
    entry, at = await _take_own(session, player, entry_id)
    await _delete(session, entry, at)


async def _check_owner(session: AsyncSession, player: Player, entry_id: UUID) -> None:
    query = select(DexEntry.owner_id, DexEntry.visibility, relation_of(player.id).label("relation"))
    row = (await session.execute(query.where(DexEntry.id == entry_id))).one_or_none()
    # Staff may read any entry, so for them none is invisible.
    if row is None or not (player.runs_the_place or may_see(row.relation, row.visibility)):
        raise NotFound("DexEntry")
    if row.owner_id != player.id:
        raise Forbidden


async def _take_own(session: AsyncSession, player: Player, entry_id: UUID) -> tuple[DexEntry, datetime]:
    """The entry as it is now that nobody else can change it, and the moment of the change."""
    at = await take_turn(session, player.id)
    entry = await session.scalar(select(DexEntry).where(DexEntry.id == entry_id, DexEntry.owner_id == player.id))
    if entry is None:
        raise NotFound("DexEntry")
    return entry, at


async def _newest_of(session: AsyncSession, owner: UUID, animal_id: UUID) -> DexEntry | None:
    query = select(DexEntry).where(DexEntry.owner_id == owner, DexEntry.animal_id == animal_id)
    entry: DexEntry | None = await session.scalar(
        query.order_by(DexEntry.catch_date.desc(), DexEntry.created_at.desc(), DexEntry.id).limit(1)
    )
    return entry


async def _delete(session: AsyncSession, entry: DexEntry, at: datetime) -> None:
    await session.delete(entry)
    await session.flush()
    await note_deleted(session, [entry], at)
    announce_deleted(session, entry.id, entry.owner_id, entry.version)
