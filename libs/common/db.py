"""The database of a service: one request or one event is one transaction, opened and committed here only."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Final

import asyncpg
from fastapi import Depends, Request
from sqlalchemy import MetaData, event
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from libs.common import outbox, telemetry
from libs.common.availability import is_away
from libs.common.errors import Failure
from libs.common.faults import fault
from libs.common.migrate import heads_in_code, heads_in_database
from libs.common.settings import ServiceSettings

# A paused server costs one command's time; that stays well below the five seconds that the gateway waits.
CONNECT_TIMEOUT: Final = 1.5
COMMAND_TIMEOUT: Final = 2.5
STATEMENT_TIMEOUT_MS: Final = 2400
IDLE_IN_TRANSACTION_MS: Final = 15_000
"""Whoever is stopped in the middle of a transaction loses it, and its locks, to others (bus notes §3.1)."""
POOL_TIMEOUT: Final = 1.0
CLOSE_TIMEOUT: Final = 0.2
READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})

NAMING: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def service_metadata() -> MetaData:
    """Metadata for a service's own declarative base: predictable names for what migrations create."""
    return MetaData(naming_convention=NAMING)


class Connection(asyncpg.Connection):  # type: ignore[misc]
    """A connection that is given up at once: whoever is to close it has mostly just waited for it in vain."""

    async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109 - the signature is asyncpg's
        del timeout  # SQLAlchemy would say two seconds, in the middle of a request.
        await super().close(timeout=CLOSE_TIMEOUT)


class Database:
    """One service's connection pool. Every wait is bounded: a paused server is an error in seconds."""

    def __init__(self, url: str, *, name: str, pool_size: int = 5, overflow: int = 10) -> None:
        self.engine = create_async_engine(
            url,
            poolclass=AsyncAdaptedQueuePool,
            pool_size=pool_size,
            max_overflow=overflow,
            pool_timeout=POOL_TIMEOUT,
            pool_pre_ping=False,
            # Notes and places of players are parameters; an error with them would carry them into the log.
            hide_parameters=True,
            connect_args={
                "timeout": CONNECT_TIMEOUT,
                "command_timeout": COMMAND_TIMEOUT,
                "connection_class": Connection,
                "server_settings": {
                    "application_name": f"biologidex-{name}",
                    "statement_timeout": str(STATEMENT_TIMEOUT_MS),
                    "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_MS),
                    "jit": "off",
                },
            },
        )
        _measure(self.engine)
        self._writing = async_sessionmaker(self.engine, expire_on_commit=False, autoflush=False)
        reading = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._reading = async_sessionmaker(reading, expire_on_commit=False, autoflush=False)
        self._needed = heads_in_code(name)
        self.relay: outbox.Wakeable = outbox.Nobody()

    @classmethod
    def of(cls, settings: ServiceSettings, name: str) -> "Database":
        return cls(
            settings.database_url.get_secret_value(),
            name=name,
            pool_size=settings.database_pool_size,
            overflow=settings.database_pool_overflow,
        )

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A session whose changes and recorded events are committed together at the end, or not at all."""
        async with self._open(self._writing) as session:
            try:
                yield session
            except Failure as failure:
                if failure.keeps:
                    await self._commit(session)
                raise
            await self._commit(session)

    async def _commit(self, session: AsyncSession) -> None:
        await session.flush()
        tells = bool(outbox.recorded(session))
        if tells:
            fault("api.after_domain_write")
        partitions = await outbox.store(session)
        await session.commit()
        if tells:
            fault("api.after_commit")
            self.relay.wake(partitions)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A session that only reads: each statement by itself, without the round trips of a transaction."""
        async with self._open(self._reading) as session:
            yield session

    @asynccontextmanager
    async def _open(self, make: async_sessionmaker[AsyncSession]) -> AsyncIterator[AsyncSession]:
        async with make() as session:
            try:
                yield session
            except Exception as error:
                if is_away(error):
                    # A rollback would wait for the same server that did not answer the command.
                    await session.invalidate()
                raise

    async def is_migrated(self) -> bool:
        """Whether the schema is at least as far as this code needs; raises if the database does not answer."""
        async with self.reading() as session:
            there = await heads_in_database(await session.connection())
        return all(there.get(line, 0) >= number for line, number in self._needed.items())

    async def close(self) -> None:
        await self.engine.dispose()


def _measure(engine: AsyncEngine) -> None:
    """Counts and times every statement by its first word (contract O4)."""
    operations = {
        word: (telemetry.db_queries.labels(word), telemetry.db_query_seconds.labels(word))
        for word in ("select", "insert", "update", "delete", "other")
    }

    @event.listens_for(engine.sync_engine, "before_cursor_execute")
    def begin(_connection: Any, _cursor: Any, _statement: str, _values: Any, context: Any, _many: bool) -> None:
        context.began_at = time.perf_counter()

    @event.listens_for(engine.sync_engine, "after_cursor_execute")
    def end(_connection: Any, _cursor: Any, statement: str, _values: Any, context: Any, _many: bool) -> None:
        count, seconds = operations.get(statement[:6].lower(), operations["other"])
        count.inc()
        seconds.observe(time.perf_counter() - context.began_at)


async def reading_session(request: Request) -> AsyncIterator[AsyncSession]:
    """The session of a request that only reads."""
    database: Database = request.app.state.service.db
    async with database.reading() as session:
        yield session


async def writing_session(request: Request) -> AsyncIterator[AsyncSession]:
    """The session of a request that writes; committed when the route has returned and before the answer leaves.

    HEAD gets the answer that GET would get, and changes nothing.
    """
    database: Database = request.app.state.service.db
    async with database.transaction() as session:
        yield session
        if request.scope.get("is_head"):
            await session.rollback()
            session.info.clear()
        # The answer names what it changed, so that the player's next read can wait for it.
        request.state.changed = outbox.changed(session)


async def request_session(request: Request) -> AsyncIterator[AsyncSession]:
    """By the method: GET, HEAD and OPTIONS read, all others write."""
    opened = reading_session if request.scope["method"] in READING else writing_session
    async with asynccontextmanager(opened)(request) as session:
        yield session


Session = Annotated[AsyncSession, Depends(request_session, scope="function")]
WritingSession = Annotated[AsyncSession, Depends(writing_session, scope="function")]
"""For the rare GET that writes."""
