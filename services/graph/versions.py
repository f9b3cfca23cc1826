"""Versions of what can be seen: they advance in the transaction of the change, so that a key never lies (B12)."""

from collections.abc import Iterable, Mapping, Sequence
from time import time_ns
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, func, literal, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.graph.models import EVERYTHING, NAMES, Capture, RefAnimal, RefUser, ScopeVersion
from services.graph.visibility import among

NOT_SHOWN = frozenset({"version", "deleted_at"})


async def one_batch_at_a_time(session: AsyncSession) -> None:
    """Waits until no other process is applying events to this schema.

    What has changed is decided by comparison; two that compare at once could each miss the other's half.
    """
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtext('graph.grow_trees'), hashtext(current_schema()))")
    )


async def differing(
    session: AsyncSession, model: type[RefUser] | type[RefAnimal], rows: Sequence[Mapping[str, Any]]
) -> set[UUID]:
    """The ids of rows that show something else than what is kept, or that are not kept yet; one statement."""
    if not rows:
        return set()
    columns = [column for column in model.__table__.columns if column.name not in NOT_SHOWN]
    known = await session.execute(select(*columns).where(among(model.id, {row["id"] for row in rows})))
    kept = {row.id: dict(row._mapping) for row in known}
    return {row["id"] for row in rows if kept.get(row["id"]) != {key: row[key] for key in row.keys() - NOT_SHOWN}}


async def advance_versions(
    session: AsyncSession, seen_by: Iterable[UUID], *, users: set[UUID], animals: set[UUID]
) -> None:
    """New versions for the users in `seen_by`, for the names if trees can show the changed users or animals."""
    scopes = {*seen_by, EVERYTHING}
    if (users or animals) and await _in_some_tree(session, users, animals):
        scopes.add(NAMES)
    given = func.unnest(bindparam("scopes", sorted(scopes), type_=ARRAY(Uuid))).column_valued("scope")
    statement = insert(ScopeVersion).from_select(
        ["scope", "version"], select(given, literal(time_ns() // 1000).label("version"))
    )
    statement = statement.on_conflict_do_update(
        index_elements=[ScopeVersion.scope],
        set_={"version": func.greatest(statement.excluded.version, ScopeVersion.version + 1)},
    )
    await session.execute(statement)


async def _in_some_tree(session: AsyncSession, users: set[UUID], animals: set[UUID]) -> bool:
    """Whether anybody caught one of the animals, or one of the users discovered any.

    A new animal is in no tree and a new user discovered none: what comes in order does not touch everybody's trees.
    """
    caught = select(Capture.id).where(among(Capture.animal_id, animals), Capture.deleted_at.is_(None)).exists()
    discovered = select(RefAnimal.id).where(among(RefAnimal.created_by, users)).exists()
    return bool(await session.scalar(select(or_(caught, discovered))))
