"""Players' entries as devices keep them, whole or what changed since (contract B8, D12, D13, D15)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Row, Select, Uuid, and_, column, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.dex.models import DexEntry, RefAnimal, RefUser
from services.dex.schemas import SyncItem
from services.dex.visibility import visible_to
from services.dex.watermark import watermark
from services.dex.withdrawals import withdrawn

Since = Mapping[UUID, datetime | None]
"""By owner: the moment after which changes are wanted; None for everything."""


@dataclass(frozen=True, slots=True)
class Synced:
    """Each owner's items in the order of contract D1, and the `last_sync` to ask with the next time."""

    items: dict[UUID, list[SyncItem]]
    withdrawn: dict[UUID, list[Any]]
    """Rows (`id`, `at`) of what should not be kept any more; of one's own, the deleted ones."""
    server_time: datetime

    def withdrawn_since(self, owner: UUID, since: datetime | None) -> list[UUID]:
        """Their ids; empty for a whole sync, which replaces everything."""
        return [] if since is None else [row.id for row in self.withdrawn.get(owner, []) if row.at > since]


async def sync(session: AsyncSession, viewer: UUID, since: Since) -> Synced:
    """What `viewer` may see of these owners' entries; three statements at most, however many there are."""
    # First the watermark, then the read: what changes in between comes again with the next sync, never not at all.
    server_time = await watermark(session, since)
    items: dict[UUID, list[SyncItem]] = {owner: [] for owner in since}
    for row in await session.execute(_changed(viewer, since)):
        items[row.owner_id].append(_item(row))
    gone = await withdrawn(session, viewer, {owner: at for owner, at in since.items() if at is not None})
    return Synced(items, gone, server_time)


def _changed(viewer: UUID, since: Since) -> Select[*tuple[Any, ...]]:
    asked = (
        func.unnest(literal(list(since), ARRAY(Uuid())), literal(list(since.values()), ARRAY(DateTime(timezone=True))))
        .table_valued(column("owner_id", Uuid()), column("since", DateTime(timezone=True)))
        .render_derived(name="asked")
    )
    return (
        select(
            DexEntry.id,
            DexEntry.owner_id,
            DexEntry.animal_id,
            RefAnimal.creation_index,
            RefAnimal.scientific_name,
            RefAnimal.common_name,
            func.coalesce(RefUser.username, "").label("owner_username"),
            DexEntry.picture_url,
            DexEntry.picture_sha256,
            DexEntry.picture_at,
            DexEntry.catch_date,
            DexEntry.is_favorite,
            DexEntry.updated_at,
        )
        .join(asked, asked.c.owner_id == DexEntry.owner_id)
        .join(RefAnimal, and_(RefAnimal.id == DexEntry.animal_id, RefAnimal.deleted_at.is_(None)))
        .outerjoin(RefUser, RefUser.id == DexEntry.owner_id)
        .where(or_(asked.c.since.is_(None), DexEntry.updated_at > asked.c.since), visible_to(viewer))
        # The client keeps one record per species and lets later items win: the newest catch comes last.
        .order_by(RefAnimal.creation_index, DexEntry.catch_date, DexEntry.id)
    )


def _item(row: Row[*tuple[Any, ...]]) -> SyncItem:
    return SyncItem.model_construct(
        id=row.id,
        animal_id=row.animal_id,
        creation_index=row.creation_index,
        scientific_name=row.scientific_name,
        common_name=row.common_name,
        owner_username=row.owner_username,
        dex_compatible_url=row.picture_url,
        image_checksum=row.picture_sha256,
        image_updated_at=row.picture_at,
        catch_date=row.catch_date,
        is_favorite=row.is_favorite,
        updated_at=row.updated_at,
    )
