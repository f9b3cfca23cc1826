"""The taxonomy loaded once for all tests of this service, and the events that a test has caused."""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from libs.common.db import Database
from libs.common.outbox import outbox
from services.animals.backbone import fill

Told = Callable[[str], Awaitable[list[dict[str, Any]]]]


@pytest.fixture(autouse=True)
async def backbone(db: Database) -> None:
    """The taxonomy as a running system has it: loading takes seconds, so later tests find it there."""
    assert await fill(db)


@pytest.fixture
def told(db: Database) -> Told:
    """`await told("animal.created")`: the events of this kind that went to the outbox, oldest first."""

    async def read(subject: str) -> list[dict[str, Any]]:
        async with db.reading() as session:
            rows = await session.scalars(
                select(outbox.c.payload).where(outbox.c.subject == subject).order_by(outbox.c.id)
            )
            return [orjson.loads(row) for row in rows]

    return read
