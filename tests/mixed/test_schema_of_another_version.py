"""Code on a schema that is not its own: an older one is refused, a newer one is none of its business."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from sqlalchemy import text

from libs.common.db import Database
from libs.common.migrate import SERVICES, heads_in_code
from libs.common.testing import PUBLIC_BASE_URL, Applications


@asynccontextmanager
async def migrated_to(db: Database, line: str, number: int) -> AsyncIterator[None]:
    """The schema says that it is there, and afterwards what it said before."""
    say = text("UPDATE alembic_version SET version_num = :to WHERE version_num LIKE :line")
    async with db.engine.begin() as connection:
        there = await connection.scalar(
            text("SELECT version_num FROM alembic_version WHERE version_num LIKE :line"), {"line": f"{line}_%"}
        )
        await connection.execute(say, {"to": f"{line}_{number:04}", "line": f"{line}_%"})
    try:
        yield
    finally:
        async with db.engine.begin() as connection:
            await connection.execute(say, {"to": there, "line": f"{line}_%"})


@pytest.mark.parametrize("service", SERVICES)
async def test_an_older_schema_is_refused_and_a_newer_one_is_not(service: str, applications: Applications) -> None:
    app = await applications.get(service, f"services.{service}.app")
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_BASE_URL) as client:
        for line, head in heads_in_code(service).items():
            async with migrated_to(app.state.service.db, line, head - 1):
                answer = await client.get("/ready/")
                assert (answer.status_code, answer.json()["error"]) == (503, "database not migrated"), line
            async with migrated_to(app.state.service.db, line, head + 1):
                answer = await client.get("/ready/")
                # What else a service waits for (its taxonomy) is not there in a test.
                assert answer.json().get("error") != "database not migrated", line
                assert answer.json()["checks"]["database"] is True, line
