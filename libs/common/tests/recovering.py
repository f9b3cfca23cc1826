"""A small service that has told of some people, for the tests of what puts events right."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID, uuid4

from nats.js import JetStreamContext
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.bus import STREAM, Bus
from libs.common.copies import bury, keep_told
from libs.common.db import Database
from libs.common.handlers import Handlers
from libs.common.outbox import outbox, record
from libs.common.recovery.declared import Declared
from libs.common.recovery.log_reader import LogReader, Told, told
from libs.common.recovery.snapshot import Snapshot
from libs.common.tests.conftest import RefUser, Sighting
from libs.common.tests.test_events import running, until, user
from libs.contracts.event import Event
from libs.contracts.users import UserDeleted, UserRegistered, UserState, UserUpdated

SERVICE = "scratch"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
handlers, snapshot = Handlers(SERVICE), Snapshot(SERVICE)
handlers.witness("user", RefUser)
DECLARED = {SERVICE: Declared(SERVICE, [handlers], snapshot)}


@handlers.on(UserRegistered, UserUpdated)
async def remember_user(event: UserState, session: AsyncSession) -> None:
    """Keeps the name."""
    await keep_told(session, RefUser, event)


@handlers.on(UserDeleted)
async def forget_user(event: UserDeleted, session: AsyncSession) -> None:
    """Keeps a tombstone."""
    await bury(session, RefUser, id=event.id, version=event.version, username="")


@snapshot.tells(UserUpdated)
async def everybody(session: AsyncSession) -> AsyncIterator[Event]:
    """Every sighting counts as a person here."""
    for sighting in await session.scalars(select(Sighting).order_by(Sighting.id)):
        yield as_told(sighting.id, sighting.version, sighting.seen_as)


def as_told(id: UUID, version: int, name: str = "") -> UserUpdated:
    told = user(version, id, name or f"person {id} {version}").model_dump()
    return UserUpdated.model_validate({**told, "created_at": NOON})


async def tell(database: Database, people: list[UUID], version: int) -> None:
    """Everybody's row reaches `version`, and tells."""
    async with database.transaction() as session:
        for person in people:
            await session.merge(Sighting(id=person, version=version))
            record(session, as_told(person, version))


@asynccontextmanager
async def people_told(
    scratch: Database, nats_url: str, stream: JetStreamContext, *, count: int = 6, versions: int = 3
) -> AsyncIterator[tuple[list[UUID], Bus]]:
    """Some people with several versions each, published and applied; relay and consumers run."""
    people = sorted(uuid4() for _ in range(count))
    async with running(scratch, nats_url, handlers, stream) as (bus, _):
        for version in range(1, versions + 1):
            await tell(scratch, people, version)
        await until(lambda: all_applied(scratch, dict.fromkeys(people, versions)))
        await until(lambda: at_rest(scratch, stream))
        yield people, bus


async def copies(database: Database) -> dict[UUID, tuple[int, str]]:
    async with database.reading() as session:
        rows = await session.execute(select(RefUser.id, RefUser.version, RefUser.username))
        return {row.id: (row.version, row.username) for row in rows}


async def all_applied(database: Database, expected: dict[UUID, int]) -> bool:
    seen = {id: version for id, (version, _) in (await copies(database)).items()}
    return expected.items() <= seen.items()


async def at_rest(database: Database, js: JetStreamContext) -> bool:
    """Nothing is unpublished, nothing unacknowledged."""
    async with database.reading() as session:
        waiting = await session.scalar(select(func.count()).where(outbox.c.published_at.is_(None)))
    infos = await js.consumers_info(STREAM)
    return not waiting and not any(info.num_pending or info.num_ack_pending for info in infos)


async def log_of(js: JetStreamContext) -> list[Told]:
    """All that the stream holds, in order."""
    reader, found = LogReader(js), []
    while messages := await reader.read():
        found += [told(message) for message in messages]
    await reader.close()
    return found


def nobody_looks(*_how: object) -> None:
    """A show without an audience."""
