"""A small service of the tests' own, in its own schema: it keeps copies of users and tells of dex entries."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import nats
import pytest
from nats.js import JetStreamContext
from sqlalchemy import String
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from libs.common.copies import Copied
from libs.common.db import Database, service_metadata
from libs.common.migrate import migrate
from libs.common.provision import provision_stream, stream_config
from libs.common.tables import shared_metadata


class Base(DeclarativeBase):
    metadata = service_metadata()


class RefUser(Copied, Base):
    __tablename__ = "ref_users"

    username: Mapped[str] = mapped_column(String(150), server_default="")


class Sighting(Base):
    __tablename__ = "sightings"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    seen_as: Mapped[str] = mapped_column(String(150), server_default="")
    """Empty: as whoever the tests say by default."""


@pytest.fixture(scope="session")
async def scratch_url(database_urls: dict[str, str]) -> str:
    """A schema with the shared tables by migration, and the two tables above."""
    url = database_urls["scratch"]
    await asyncio.gather(*(migrate("scratch", url) for _ in range(3)))
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    await engine.dispose()
    return url


@pytest.fixture
async def scratch(scratch_url: str) -> AsyncIterator[Database]:
    database = Database(scratch_url, name="scratch")
    async with database.engine.begin() as connection:
        for table in (*shared_metadata.sorted_tables, *Base.metadata.sorted_tables):
            await connection.execute(table.delete())
    yield database
    await database.close()


@pytest.fixture
async def stream(nats_url: str) -> AsyncIterator[JetStreamContext]:
    """An empty log of events, with the production settings."""
    connection = await nats.connect(nats_url)
    js = connection.jetstream()
    await provision_stream(js, stream_config())
    for name in [info.name for info in await js.consumers_info("EVENTS")]:
        await js.delete_consumer("EVENTS", name)
    await js.purge_stream("EVENTS")
    yield js
    await connection.close()
