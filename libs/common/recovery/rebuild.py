"""Makes a projection anew from the log while it is read and goes on growing (design §4, bus notes §8).

The copies are made in a second schema, `<schema>_next`, by the projector's own handler; then the tables change places
in one transaction. Readers see the old ones or the new ones, whole. Whatever happens before that transaction, a kill
included, changes nothing but the second schema, and the next run begins there from nothing.

Nothing is missed at the change: the projector's turn is taken first, so that it applies nothing meanwhile. What it has
applied is in the log by then, so the log is read as far as it goes by then; what comes later the projector applies to
the new tables.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from nats.js import JetStreamContext
from sqlalchemy import MetaData, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from libs.common.availability import is_away
from libs.common.bus import STREAM
from libs.common.faults import fault
from libs.common.handlers import Handler
from libs.common.outbox import dead_letter
from libs.common.recovery.log_reader import LogReader, Told, told
from libs.common.recovery.places import engine_of
from libs.contracts.event import Event

NEAR: Final = 100
"""So few events behind, the rest is applied while the projector waits."""
TURN_WAIT: Final = "3s"
LOCK_WAIT: Final = "150ms"
"""Below the time after which PostgreSQL looks for deadlocks: it is we who give way, never a reader."""
DRAIN_SECONDS: Final = 5.0
TRIES: Final = 100
AGAIN_SECONDS: Final = 0.1

Show = Callable[[str, int, int], None]
"""Is told: what is being done, how far, of how many."""


class NotAllowed(Exception):
    """The role may not make the second schema; whoever prepares the database must (deploy/local/roles.py)."""


class AlreadyRunning(Exception):
    """Somebody else makes this projection anew at this moment."""


class NotSwitched(Exception):
    """The tables were in use without a pause. The old ones stay; it may be tried again."""


@dataclass(frozen=True, slots=True)
class Projection:
    """Tables that are made of events alone.

    projector  the handler that makes them, in batches
    tables     all of them, and no others
    take_turn  waits until the running projector applies nothing, and keeps it waiting for the transaction's time
    carry_over what the new tables must know of the old ones: called with both schemas' names, quoted
    """

    projector: Handler
    tables: MetaData
    take_turn: Callable[[AsyncSession], Awaitable[None]]
    carry_over: Callable[[AsyncSession, str, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild did: events applied, seconds taken, and rows of each table before and after."""

    events: int
    seconds: float
    rows: dict[str, tuple[int, int]]


async def rebuild(projection: Projection, url: str, js: JetStreamContext, show: Show) -> Rebuilt:
    """Makes the projection anew and puts it in the place of the old one.

    Raises:
        NotAllowed, AlreadyRunning, NotSwitched; and whatever the projector raises: then nothing has changed.
    """
    began = time.monotonic()
    async with engine_of(url) as engine, _alone(engine, projection) as schema:
        path = await _search_path(engine)
        reader = LogReader(js, projection.projector.subjects)
        async with engine_of(url, search_path=f'"{schema}_next", {path}') as building:
            try:
                await _prepare(engine, building, projection, f"{schema}_next")
                replay = Replay(projection, building, reader, await _set_aside(engine, projection), show)
                await replay.until(NEAR)
                fault("rebuild.after_replay")
                async with building.begin() as connection:
                    await connection.execute(text(f"ANALYZE {_names(projection, f'{schema}_next')}"))
                before = await _rows(engine, projection, schema)
                await _switch(engine, projection, replay, js, schema)
                fault("rebuild.after_switch")
            finally:
                await reader.close()
        now = await _rows(engine, projection, schema)
    rows = {table: (count, now[table]) for table, count in before.items()}
    return Rebuilt(replay.count, time.monotonic() - began, rows)


class Replay:
    """The log from its beginning, applied to the new tables."""

    def __init__(
        self, projection: Projection, building: AsyncEngine, reader: LogReader, set_aside: set[str], show: Show
    ) -> None:
        self._projection = projection
        self._building = building
        self._reader = reader
        self._set_aside = set_aside
        self._show = show
        self._in_hand: list[Told] = []
        self.count = 0

    async def until(self, near: int) -> None:
        """Goes on until at most `near` events are left."""
        while (waiting := len(self._in_hand) + await self._reader.waiting()) > near:
            self._show("replaying", self.count, self.count + waiting)
            await self._apply_some()

    async def up_to(self, sequence: int) -> None:
        """Goes on until all is applied that the log held by then; what comes later is not waited for."""
        while self._in_hand or (self._reader.position < sequence and await self._reader.waiting()):
            await self._apply_some()

    async def _apply_some(self) -> None:
        # Kept until the commit: whoever is interrupted goes on with the same.
        self._in_hand = self._in_hand or [told(message) for message in await self._reader.read()]
        # What nobody can read, or what the projector could not apply, it has set aside; so it is left out here.
        events: list[Event] = [
            each.event for each in self._in_hand if each.event and each.event_id not in self._set_aside
        ]
        if events:
            async with AsyncSession(self._building, expire_on_commit=False, autoflush=False) as session:
                assert self._projection.projector.many is not None
                await self._projection.projector.many(events, session)
                await session.commit()
        self.count += len(self._in_hand)
        self._in_hand = []
        fault("rebuild.after_batch")


@asynccontextmanager
async def _alone(engine: AsyncEngine, projection: Projection) -> AsyncIterator[str]:
    """Keeps a second rebuild out for as long as this connection lives; gives the schema's name."""
    async with engine.connect() as connection:
        lock = text("SELECT pg_try_advisory_lock(hashtext(:name), hashtext(current_schema())), current_schema()")
        taken, schema = (await connection.execute(lock, {"name": f"{projection.projector.durable}/rebuild"})).one()
        # The transaction ends here, the lock with the connection.
        await connection.commit()
        if not taken:
            raise AlreadyRunning
        yield str(schema)


async def _search_path(engine: AsyncEngine) -> str:
    async with engine.connect() as connection:
        return str(await connection.scalar(text("SHOW search_path")))


async def _prepare(engine: AsyncEngine, building: AsyncEngine, projection: Projection, schema: str) -> None:
    """An empty set of tables in the second schema; what a former run left there goes."""
    async with engine.begin() as connection:
        there = text("SELECT 1 FROM pg_namespace WHERE nspname = :name")
        if not await connection.scalar(there, {"name": schema}):
            try:
                await connection.execute(text(f'CREATE SCHEMA "{schema}"'))
            except DBAPIError as error:
                raise NotAllowed(f"there is no schema {schema}, and this role may not make it") from error
        await connection.execute(text(f"DROP TABLE IF EXISTS {_names(projection, schema)}"))
    async with building.begin() as connection:
        await connection.run_sync(projection.tables.create_all, checkfirst=False)


async def _set_aside(engine: AsyncEngine, projection: Projection) -> set[str]:
    query = dead_letter.select().with_only_columns(dead_letter.c.event_id)
    async with engine.connect() as connection:
        found = await connection.scalars(query.where(dead_letter.c.consumer == projection.projector.durable))
        return set(found)


async def _rows(engine: AsyncEngine, projection: Projection, schema: str) -> dict[str, int]:
    async with engine.connect() as connection:
        return {
            table.name: int(await connection.scalar(text(f'SELECT count(*) FROM "{schema}"."{table.name}"')) or 0)
            for table in projection.tables.sorted_tables
        }


async def _switch(
    engine: AsyncEngine, projection: Projection, replay: Replay, js: JetStreamContext, schema: str
) -> None:
    for _ in range(TRIES):
        await replay.until(NEAR)
        try:
            async with engine.begin() as connection, asyncio.timeout(DRAIN_SECONDS):
                await _change_places(connection, projection, replay, js, schema)
                fault("rebuild.before_commit")
            return
        except (DBAPIError, TimeoutError) as error:
            if not is_away(error):
                raise
            await asyncio.sleep(AGAIN_SECONDS)
            if not await _stand_ready(engine, projection, schema):
                return  # The answer to the commit was lost, not the commit.
    raise NotSwitched


async def _stand_ready(engine: AsyncEngine, projection: Projection, schema: str) -> bool:
    """Whether the new tables are still in the second schema."""
    name = f'"{schema}_next"."{projection.tables.sorted_tables[0].name}"'
    async with engine.connect() as connection:
        return await connection.scalar(text("SELECT to_regclass(:name)"), {"name": name}) is not None


async def _change_places(
    connection: AsyncConnection, projection: Projection, replay: Replay, js: JetStreamContext, schema: str
) -> None:
    await connection.execute(text(f"SET LOCAL lock_timeout = '{TURN_WAIT}'"))
    session = AsyncSession(connection)
    await projection.take_turn(session)
    await replay.up_to((await js.stream_info(STREAM)).state.last_seq)
    await projection.carry_over(session, f'"{schema}"', f'"{schema}_next"')
    old = _names(projection, schema)
    await connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_WAIT}'"))
    await connection.execute(text(f"LOCK TABLE {old} IN ACCESS EXCLUSIVE MODE"))
    await connection.execute(text(f"DROP TABLE {old}"))
    for table in projection.tables.sorted_tables:
        await connection.execute(text(f'ALTER TABLE "{schema}_next"."{table.name}" SET SCHEMA "{schema}"'))


def _names(projection: Projection, schema: str) -> str:
    return ", ".join(f'"{schema}"."{table.name}"' for table in projection.tables.sorted_tables)
