"""Time passes for one row: what the contract says of half an hour cannot be waited for in a test."""

from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID

import asyncpg
import pytest

from tests.mesh import Mesh

Aged = Callable[[str, str, str, str], Awaitable[None]]
"""`await aged("vision.image_conversions", "expires_at", id, "31 minutes")`: that moment lies so much earlier."""


@pytest.fixture(scope="session")
async def aged(mesh: Mesh) -> AsyncIterator[Aged]:
    database = await asyncpg.connect(mesh.topology["postgres"]["admin_url"])

    async def shift(table: str, column: str, row: str, by: str) -> None:
        changed = await database.execute(
            f"UPDATE {table} SET {column} = {column} - $2::text::interval WHERE id = $1", UUID(row), by
        )
        assert changed == "UPDATE 1"

    yield shift
    await database.close()
