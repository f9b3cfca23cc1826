"""The taxonomy loaded once for all tests of this service, catalogues beside it, and the events of a test."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import delete, select

from libs.common.db import Database
from libs.common.outbox import outbox
from services.animals.backbone import fill
from services.animals.catalogue import Imported, import_catalogue
from services.animals.models import DataSource, Taxon
from services.animals.tests.small_catalogue import write_catalogue

Import = Callable[..., Awaitable[Imported]]
Told = Callable[[str], Awaitable[list[dict[str, Any]]]]


@pytest.fixture(autouse=True)
async def backbone(db: Database) -> None:
    """The taxonomy as a running system has it: loading takes seconds, so later tests find it there."""
    assert await fill(db)


@pytest.fixture
def told(db: Database) -> Told:
    """`await told("animal.created")`: the events of this kind that went to the outbox, oldest first."""

    async def read(subject: str) -> list[dict[str, Any]]:
        async with db.reading() as session:
            rows = await session.scalars(
                select(outbox.c.payload).where(outbox.c.subject == subject).order_by(outbox.c.id)
            )
            return [orjson.loads(row) for row in rows]

    return read


@pytest.fixture
async def url(db: Database, database_urls: dict[str, str]) -> AsyncIterator[str]:
    """The database's address; what a test imports is gone afterwards."""
    yield database_urls["animals"]
    async with db.transaction() as session:
        source = select(DataSource.id).where(DataSource.short_code == "col").scalar_subquery()
        await session.execute(delete(Taxon).where(Taxon.source_id == source))
        await session.execute(delete(DataSource).where(DataSource.short_code == "col"))


@pytest.fixture
def importing(url: str, tmp_path: Path) -> Import:
    """`await importing(NameUsage="…", force=True)`: the small catalogue, with files replaced."""

    async def run(
        *, force: bool = False, kingdoms: Any = ("Animalia",), progress: Any = None, **files: Any
    ) -> Imported:
        file = write_catalogue(tmp_path / "small.zip", **files)
        more = {} if progress is None else {"progress": progress}
        return await import_catalogue(url, file, force=force, kingdoms=kingdoms, **more)

    return run
