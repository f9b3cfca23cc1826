"""Ways to break a running stack for a moment."""

import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import asyncpg
import nats
from nats.js import JetStreamContext

from deploy.operate.installation import Installation
from libs.common.recovery.places import database_of
from tests.mesh import Mesh


@contextmanager
def stopped(mesh: Mesh, name: str) -> Iterator[None]:
    """A process that hangs: its port is open, nothing answers."""
    process = mesh.process(name)
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


@asynccontextmanager
async def as_role(stack: Installation, service: str) -> AsyncIterator[asyncpg.Connection]:
    async with database_of(stack.databases[service]) as connection:
        yield connection


@asynccontextmanager
async def jetstream(stack: Installation) -> AsyncIterator[JetStreamContext]:
    connection = await nats.connect(stack.bus)
    try:
        yield connection.jetstream()
    finally:
        await connection.close()
