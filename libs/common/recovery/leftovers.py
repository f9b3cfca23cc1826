"""Questions that several services ask of their tables: what is left of those who have gone, what is there twice."""

from collections.abc import AsyncIterator
from typing import Any, Final

from sqlalchemy import ColumnElement, Interval, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from libs.common.outbox import forgotten_person
from libs.common.recovery.audit import Finding
from libs.common.recovery.invariants import MOST

ON_THE_WAY: Final = literal("1 minute").cast(Interval)


async def left_behind(
    session: AsyncSession,
    key: InstrumentedAttribute[Any],
    person: InstrumentedAttribute[Any],
    *also: ColumnElement[bool],
) -> AsyncIterator[Finding]:
    """Rows that name a player who has gone more than a minute ago; `also`: only those for which this holds."""
    gone = select(forgotten_person.c.id).where(forgotten_person.c.since < func.now() - ON_THE_WAY)
    rows = await session.execute(select(key, person).where(person.in_(gone), *also).order_by(key).limit(MOST))
    for id, whose in rows:
        yield f"{key.class_.__tablename__}/{id}", f"{key.class_.__tablename__} {id} is left of {whose}, who has gone"


async def doubled(
    session: AsyncSession, key: InstrumentedAttribute[Any], *natural: Any, where: ColumnElement[bool] | None = None
) -> AsyncIterator[Finding]:
    """Rows that are one thing by what they say; the tables' own constraints should never let that happen."""
    query = select(func.array_agg(key)).group_by(*natural).having(func.count() > 1).limit(MOST)
    for ids in await session.scalars(query if where is None else query.where(where)):
        names = ", ".join(sorted(map(str, ids)))
        yield f"twice/{names}", f"{key.class_.__tablename__} holds one thing more than once: {names}"
