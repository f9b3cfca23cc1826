"""Where the databases and the bus are, and connections for work that takes its time."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import asyncpg
import nats
import nats.errors
from nats.js import JetStreamContext
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from libs.common.logs import log

CONNECT_SECONDS: Final = 5
TRIES: Final = 3
APPLICATION: Final = "biologidex-recovery"


@dataclass(frozen=True, slots=True)
class Places:
    """What a command works on.

    databases  service → its role's own address, form `postgresql+asyncpg://role:password@host/database`
    bus        address of NATS, with credentials
    blobs      address of the blob store; empty: pictures are not looked for
    """

    databases: Mapping[str, str]
    bus: str
    blobs: str = ""


@asynccontextmanager
async def database_of(url: str) -> AsyncIterator[asyncpg.Connection]:
    """One connection as a service's role, in no hurry: a statement takes what it takes."""
    connection = await asyncpg.connect(
        url.replace("+asyncpg", "", 1),
        timeout=CONNECT_SECONDS,
        server_settings={"application_name": APPLICATION, "jit": "off"},
    )
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def engine_of(url: str, *, search_path: str = "") -> AsyncIterator[AsyncEngine]:
    """The same for what speaks SQLAlchemy; with `search_path`, tables are looked for there."""
    settings = {"application_name": APPLICATION, "jit": "off"}
    if search_path:
        settings["search_path"] = search_path
    engine = create_async_engine(
        url,
        poolclass=NullPool,
        hide_parameters=True,
        connect_args={"timeout": CONNECT_SECONDS, "server_settings": settings},
    )
    try:
        yield engine
    finally:
        await engine.dispose()


@asynccontextmanager
async def log_at(url: str) -> AsyncIterator[JetStreamContext]:
    """JetStream at `url`; gives up when nobody answers, because a person waits."""

    async def note(error: Exception) -> None:
        log.warning("bus.error", error=type(error).__name__)

    connection = await nats.connect(
        url.split(","),
        name=APPLICATION,
        connect_timeout=CONNECT_SECONDS,
        max_reconnect_attempts=TRIES,
        reconnect_time_wait=1,
        error_cb=note,
    )
    try:
        yield connection.jetstream(timeout=10)
    finally:
        await connection.close()
