"""What a service has told of its records, beside what it would tell of them now."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from libs.common.db import Database
from libs.common.outbox import outbox
from libs.common.recovery.snapshot import Part
from libs.contracts.catalogue import EVENTS

States = dict[UUID, dict[str, Any]]


async def told_and_telling(db: Database, part: Part) -> tuple[States, States]:
    """The newest state of each record in the outbox, and the states that the part tells."""
    newest: States = {}
    async with db.transaction() as session:
        query = select(outbox.c.subject, outbox.c.payload).where(outbox.c.subject.in_(part.subjects))
        for row in await session.execute(query.order_by(outbox.c.version)):
            event = EVENTS[row.subject].model_validate_json(row.payload)
            newest[event.id] = event.model_dump()
        return newest, {event.id: event.model_dump() async for event in part.records(session)}
