"""Asks a service's audit about its real tables, as they are or after some damage that is taken back."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.db import Database
from libs.common.recovery.acknowledged import differences
from libs.common.recovery.audit import Audit, Named, Surroundings
from libs.common.recovery.history import History, Line


async def asked(
    database: Database, audit: Audit, *damage: str, surroundings: Surroundings | None = None, **values: Any
) -> list[tuple[str, str]]:
    """Invariant and key of whatever is wrong after these statements, which are rolled back."""
    known = surroundings or Surroundings()
    async with database.engine.connect() as connection:
        session = AsyncSession(connection)
        for statement in damage:
            wanted = {name: value for name, value in values.items() if f":{name}" in statement}
            await session.execute(text(statement), wanted)
        found = [(invariant, key) async for invariant, key, _ in audit.findings(session, known)]
        if known.history is not None:
            found += [("I9", key) async for key, _ in differences(session, audit, known.history)]
        await session.rollback()
    return found


async def files_of(database: Database, audit: Audit) -> list[Named]:
    """Every file that the service names."""
    async with database.transaction() as session:
        return [named for names in audit.names async for named in names(session)]


def told(kind: str, id: object, owner: object = None, at: float = 1.0, **state: Any) -> Line:
    """A line of a history."""
    word, _, verb = kind.removesuffix("?").partition(".")
    whose = None if owner is None else str(owner)
    return Line(at, at, word, verb, str(id), whose, state, is_certain=not kind.endswith("?"))


def history(*lines: Line) -> Surroundings:
    """A checker that knows what clients were told."""
    return Surroundings(history=History(lines))


GONE = "INSERT INTO forgotten_person VALUES (:gone, now() - interval '2 minutes')"
"""The player `gone` went two minutes ago."""
