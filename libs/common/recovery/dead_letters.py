"""Events that were set aside: looked at, handed to their handler again, or given up (bus notes §8)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.db import Database
from libs.common.handlers import Handler, Handlers
from libs.common.inbox import read_event
from libs.common.logs import request_id
from libs.common.outbox import dead_letter

MOST: Final = 10_000


class NoSuchHandler(Exception):
    """The consumer that set the event aside is in the code no more."""


class Letter(NamedTuple):
    """One event that one consumer has set aside."""

    consumer: str
    event_id: str
    subject: str
    aggregate_id: UUID | None
    version: int | None
    payload: bytes
    headers: dict[str, Any]
    error: str
    deliveries: int
    stream_seq: int
    created_at: datetime


LETTERS: Final = select(*(dead_letter.c[name] for name in Letter._fields)).order_by(
    dead_letter.c.created_at, dead_letter.c.consumer, dead_letter.c.event_id
)


async def letters_in(database: Database, *, event_ids: Sequence[str] = (), consumer: str = "") -> list[Letter]:
    """A service's dead letters, the oldest first; only those of these events, and of this consumer, where given."""
    query = LETTERS.limit(MOST)
    if event_ids:
        query = query.where(dead_letter.c.event_id.in_(event_ids))
    if consumer:
        query = query.where(dead_letter.c.consumer == consumer)
    async with database.reading() as session:
        return [Letter(*row) for row in await session.execute(query)]


async def redrive(database: Database, declared: Sequence[Handlers], letter: Letter) -> bool:
    """Hands the event to its handler once more, in one transaction with its removal; False if it is gone already.

    Whatever the handler raises is raised here; then nothing has changed and the event stays set aside.

    Raises:
        NoSuchHandler
    """
    handler = _handler(declared, letter.consumer)
    async with database.transaction() as session:
        if not await _take(session, letter):
            return False
        event = read_event(letter.subject, letter.payload)
        request_id.set(str(letter.headers.get("correlation_id", "")))
        if handler.one is not None:
            await handler.one(event, session)
        elif handler.many is not None:
            await handler.many([event], session)
    return True


async def drop(database: Database, letter: Letter) -> bool:
    """Gives the event up: this consumer will never have applied it. False if it is gone already."""
    async with database.transaction() as session:
        return await _take(session, letter)


async def _take(session: AsyncSession, letter: Letter) -> bool:
    # Deleted first: two who redrive the same letter wait for each other, and one of them finds nothing.
    key = (dead_letter.c.consumer == letter.consumer, dead_letter.c.event_id == letter.event_id)
    return await session.scalar(delete(dead_letter).where(*key).returning(dead_letter.c.event_id)) is not None


def _handler(declared: Sequence[Handlers], consumer: str) -> Handler:
    for handlers in declared:
        for handler in handlers.all:
            if handler.durable == consumer:
                return handler
    raise NoSuchHandler(f"no handler is called {consumer} any more")
