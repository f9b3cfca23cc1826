"""Local copies of other services' records, overwritten only by something newer.

An event that comes twice, late or out of order changes nothing: every row carries the version it was made from,
and a deleted record stays as a tombstone, so that an older event cannot bring it back.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, DateTime, Table, bindparam, cast, column, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.values import now
from libs.contracts.event import Event


class Copied:
    """Columns that every local copy has."""

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)
    deleted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


async def keep(session: AsyncSession, model: type[Copied], *, id: UUID, version: int, **values: Any) -> bool:
    """Writes the record's state as of `version`; False if the copy already is as new."""
    return await _write(session, model, [{"id": id, "version": version, "deleted_at": None, **values}]) > 0


async def keep_told(session: AsyncSession, model: type[Copied], event: Event) -> bool:
    """As `keep`, with every column that is named like a field of the event."""
    columns = model.__table__.columns.keys()  # type: ignore[attr-defined]
    values = {name: getattr(event, name) for name in type(event).model_fields if name in columns}
    return await keep(session, model, **values)


async def bury(session: AsyncSession, model: type[Copied], *, id: UUID, version: int, **blank: Any) -> bool:
    """Marks the record deleted as of `version`; `blank` empties what must not stay."""
    return await _write(session, model, [{"id": id, "version": version, "deleted_at": now(), **blank}]) > 0


async def keep_many(session: AsyncSession, model: type[Copied], rows: Iterable[Mapping[str, Any]]) -> int:
    """Writes many states in one statement, of each record only the newest; returns how many were news.

    All rows have the same keys, `id` and `version` among them; `deleted_at` is None unless given.
    """
    newest: dict[UUID, Mapping[str, Any]] = {}
    for row in rows:
        if (known := newest.get(row["id"])) is None or known["version"] < row["version"]:
            newest[row["id"]] = row
    if not newest:
        return 0
    # Always in the same order, so that two writers of the same rows cannot deadlock.
    return await _write(session, model, [{"deleted_at": None, **newest[key]} for key in sorted(newest)])


async def _write(session: AsyncSession, model: type[Copied], rows: list[dict[str, Any]]) -> int:
    table: Table = model.__table__  # type: ignore[attr-defined]
    columns = [table.c[name] for name in rows[0]]
    if len(rows) == 1:
        statement = insert(table).values(rows[0])
    else:
        statement = insert(table).from_select([column.name for column in columns], _unnested(columns, rows))
    new = statement.excluded
    statement = statement.on_conflict_do_update(
        index_elements=[table.c.id],
        set_={column.name: new[column.name] for column in columns if column.name != "id"},
        where=table.c.version < new.version,
    )
    result = await session.execute(statement)
    return int(result.rowcount)  # type: ignore[attr-defined]


def _unnested(columns: list[Any], rows: list[dict[str, Any]]) -> Any:
    """The rows as one SELECT over arrays: one parameter a column, however many rows there are."""
    arrays = [
        cast(bindparam(f"c{index}", [row[col.name] for row in rows], type_=ARRAY(col.type)), ARRAY(col.type))
        for index, col in enumerate(columns)
    ]
    given = func.unnest(*arrays).table_valued(*[column(col.name, col.type) for col in columns]).render_derived()
    return select(*[given.c[col.name] for col in columns])
