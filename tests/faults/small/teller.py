"""The small service: it tells of people, and keeps two copies of what it is told, one by one and in batches.

Everything but the tables and these few lines is the very code that the real services run.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy import String, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from libs.common.copies import Copied, bury, keep_many, keep_told
from libs.common.db import Session, service_metadata
from libs.common.errors import NotFound
from libs.common.handlers import Handlers
from libs.common.outbox import record
from libs.common.recovery.declared import Declared
from libs.common.recovery.snapshot import Snapshot
from libs.contracts.event import Event
from libs.contracts.users import UserDeleted, UserRegistered, UserState, UserUpdated

SERVICE = "scratch"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SLOWNESS = "TELLER_SECONDS"
"""How long each event takes that is handled by itself."""
ONLY = "TELLER_ONLY"
"""`single` or `many`: only this way of handling; by default both."""


class Base(DeclarativeBase):
    metadata = service_metadata()


class Person(Base):
    """What is told of."""

    __tablename__ = "people"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    weight: Mapped[int] = mapped_column(server_default="0")
    gone: Mapped[bool] = mapped_column(server_default="false")


class Remembered(Copied, Base):
    """What was told, event by event."""

    __tablename__ = "remembered"

    username: Mapped[str] = mapped_column(String(150), server_default="")


class Listed(Copied, Base):
    """What was told, in batches."""

    __tablename__ = "listed"

    username: Mapped[str] = mapped_column(String(150), server_default="")


single, many, snapshot = Handlers(SERVICE), Handlers(SERVICE), Snapshot(SERVICE)
single.witness("user", Remembered)
many.witness("user", Listed)


@single.on(UserRegistered, UserUpdated, UserDeleted)
async def remember_person(event: Event, session: AsyncSession) -> None:
    """Keeps a name, or a tombstone."""
    if isinstance(event, UserState):
        await keep_told(session, Remembered, event)
    else:
        await bury(session, Remembered, id=event.id, version=event.version, username="")
    await asyncio.sleep(float(os.environ.get(SLOWNESS, "0")))


@many.bulk(UserRegistered, UserUpdated, UserDeleted)
async def list_people(events: Sequence[Event], session: AsyncSession) -> None:
    """Keeps names and tombstones by the hundred."""
    rows = [
        {"id": e.id, "version": e.version, "username": e.username, "deleted_at": None}
        if isinstance(e, UserState)
        else {"id": e.id, "version": e.version, "username": "", "deleted_at": NOON}
        for e in events
    ]
    await keep_many(session, Listed, rows)


handlers = Handlers(SERVICE)
handlers.all = {"single": single.all, "many": many.all}.get(os.environ.get(ONLY, ""), [*single.all, *many.all])
handlers.witness("user", Remembered)


@snapshot.tells(UserUpdated)
async def everybody(session: AsyncSession) -> AsyncIterator[Event]:
    """Whoever is there, as last told."""
    for person in await session.scalars(select(Person).where(~Person.gone).order_by(Person.id)):
        yield told_of(person)


@snapshot.tells(UserDeleted)
async def those_who_left(session: AsyncSession) -> AsyncIterator[Event]:
    """Whoever has gone."""
    for person in await session.scalars(select(Person).where(Person.gone).order_by(Person.id)):
        yield UserDeleted(id=person.id, version=person.version)


DECLARED = {SERVICE: Declared(SERVICE, [single, many], snapshot)}


def told_of(person: Person) -> UserUpdated:
    """What is told of a person; `weight` bytes more than necessary."""
    return UserUpdated(
        id=person.id,
        version=person.version,
        username=f"{person.id} {person.version}",
        friend_code="ABCD1234",
        avatar=person.weight * "x" or None,
        is_staff=False,
        is_superuser=False,
        is_active=True,
        created_at=NOON,
    )


router = APIRouter(prefix="/people")


@router.put("/{id}/", status_code=201)
async def change(
    id: UUID, session: Session, times: Annotated[int, Query(ge=1, le=200)] = 1, weight: int = 0
) -> dict[str, int]:
    """So many new versions of a person, in one transaction; answers with the newest. Who has gone does not return."""
    person = await _locked(id, session)
    person.weight = weight
    for _ in range(times):
        person.version += 1
        record(session, told_of(person))
    return {"version": person.version}


@router.delete("/{id}/")
async def leave(id: UUID, session: Session) -> dict[str, int]:
    """The person goes."""
    person = await _locked(id, session)
    person.version += 1
    person.gone = True
    record(session, UserDeleted(id=person.id, version=person.version))
    return {"version": person.version}


@router.get("/{id}/")
async def look(id: UUID, session: Session) -> dict[str, int]:
    """How far a person is."""
    person = await session.get(Person, id)
    if person is None:
        raise NotFound
    return {"version": person.version}


async def _locked(id: UUID, session: AsyncSession) -> Person:
    # The row's lock before the outbox row: otherwise versions could commit out of order (bus notes §3.1).
    await session.execute(insert(Person).values(id=id, version=0).on_conflict_do_nothing())
    person = (await session.execute(select(Person).where(Person.id == id).with_for_update())).scalar_one()
    if person.gone:
        raise NotFound
    return person
