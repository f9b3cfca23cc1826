"""When a player's entries changed, told so that no sync ever misses a change (contract B8).

`updated_at` is taken from the database's clock while holding the owner's turn, and the turn is held until the
commit. A reader takes the same turn, shared, before it reads the clock: at that moment nothing of that owner is in
flight, so whatever it does not see afterwards will get a later `updated_at` than the time it hands out.

A turn is one of 64 advisory locks that owners share by their id: few enough that a change for everybody (an animal
is renamed) can take them all, many enough that players hardly ever wait for each other. One clock only: that of
PostgreSQL, so that services whose clocks differ cannot disagree.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ARRAY, Integer, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

TURNS: Final = 64
LOCK_CLASS: Final = 0x0DE7
"""First key of the advisory locks, so that they never meet those of others in the same database."""

_TAKE = """
WITH taken AS MATERIALIZED (
    SELECT count(*) AS locks
    FROM (SELECT {lock}({lock_class}, turn) FROM unnest(:turns) AS turn) AS waited
)
SELECT clock_timestamp() FROM taken
"""
_TURNS = bindparam("turns", type_=ARRAY(Integer))
_CHANGING = text(_TAKE.format(lock="pg_advisory_xact_lock", lock_class=LOCK_CLASS)).bindparams(_TURNS)
_READING = text(_TAKE.format(lock="pg_advisory_xact_lock_shared", lock_class=LOCK_CLASS)).bindparams(_TURNS)


def _turn_of(owner: UUID) -> int:
    return owner.int % TURNS


async def take_turn(session: AsyncSession, owner: UUID) -> datetime:
    """Waits until nobody else changes this owner's entries, until the commit; returns the `updated_at` to write."""
    return await _take(session, [_turn_of(owner)])


async def take_every_turn(session: AsyncSession) -> datetime:
    """As `take_turn`, for a change that concerns entries of anybody."""
    return await _take(session, list(range(TURNS)))


async def _take(session: AsyncSession, turns: list[int]) -> datetime:
    moment: datetime = (await session.execute(_CHANGING, {"turns": turns})).scalar_one()
    return moment


async def watermark(session: AsyncSession, owners: Iterable[UUID]) -> datetime:
    """A moment before which every change of these owners' entries is already visible to the next statement.

    The lock lasts for this statement only, which is enough: whoever changes something later gets a later time.
    """
    # In order, as everybody takes them, so that nobody can wait in a circle.
    turns = sorted({_turn_of(owner) for owner in owners})
    moment: datetime = (await session.execute(_READING, {"turns": turns})).scalar_one()
    return moment
