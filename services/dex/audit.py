"""What must hold of the entries besides what was told of them."""

from collections.abc import AsyncIterator

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.recovery.audit import Audit, Finding, Surroundings
from services.dex.models import DexEntry

BATCH = 500

audit = Audit()


@audit.asks
async def every_entry_has_its_picture(session: AsyncSession, surroundings: Surroundings) -> AsyncIterator[Finding]:
    """The displayed picture is in the blob store (contract B4: none in use is ever removed)."""
    entries = await session.stream(select(DexEntry.id, DexEntry.picture_url).order_by(DexEntry.id))
    async for rows in entries.partitions(BATCH):
        shown = {row.id: row.picture_url[row.picture_url.find("media/") :] for row in rows}
        missing = set(await surroundings.missing(set(shown.values())))
        for entry, key in shown.items():
            if key in missing:
                yield f"picture/{entry}", f"entry {entry} shows {key}, which is not in the blob store"
