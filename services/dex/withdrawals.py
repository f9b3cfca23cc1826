"""What a device keeps and should not any more: entries deleted, or no longer shown to its player (contract B8).

The shipping client ignores both lists; those who read them need not fetch everything anew.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.dex.models import DexEntry, Withdrawal
from services.dex.visibility import SHOWN_TO, friends_of, visible_to


async def note_deleted(session: AsyncSession, entries: list[Any], at: datetime) -> None:
    """Entries (with `id`, `owner_id`, `visibility`) that are gone for everybody, their owner included."""
    await _note(session, [_row(entry, entry.visibility, at) for entry in entries])


async def note_narrowed(session: AsyncSession, entry: DexEntry, before: str, at: datetime) -> None:
    """An entry whose visibility was `before`; nothing to note if everybody who saw it still does."""
    lost = any(before in shown and entry.visibility not in shown for shown in SHOWN_TO.values())
    if lost:
        await _note(session, [_row(entry, before, at)])


async def withdrawn(session: AsyncSession, viewer: UUID, since: dict[UUID, datetime]) -> dict[UUID, list[Any]]:
    """By owner: rows (`id`, `at`) of what `viewer` may have kept and should not; one statement.

    Of one's own entries these are the deleted ones; of others' those that were shown to `viewer` and are not now.
    """
    found: dict[UUID, list[Any]] = {owner: [] for owner in since}
    if not since:
        return found
    query = (
        select(Withdrawal.id, Withdrawal.owner_id, Withdrawal.at)
        .where(Withdrawal.owner_id.in_(since), Withdrawal.at > min(since.values()))
        .where(~exists().where(DexEntry.id == Withdrawal.id, visible_to(viewer)))
        .where(
            (Withdrawal.owner_id == viewer)
            | Withdrawal.shown_before.in_(SHOWN_TO["stranger"])
            | (Withdrawal.shown_before.in_(SHOWN_TO["friend"]) & Withdrawal.owner_id.in_(friends_of(viewer)))
        )
        .order_by(Withdrawal.at, Withdrawal.id)
    )
    for row in await session.execute(query):
        if row.at > since[row.owner_id]:
            found[row.owner_id].append(row)
    return found


def _row(entry: Any, shown_before: str, at: datetime) -> dict[str, Any]:
    return {"id": entry.id, "owner_id": entry.owner_id, "shown_before": shown_before, "at": at}


async def _note(session: AsyncSession, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    statement = insert(Withdrawal)
    changed = {name: statement.excluded[name] for name in ("shown_before", "at")}
    await session.execute(statement.on_conflict_do_update(index_elements=[Withdrawal.id], set_=changed), rows)
