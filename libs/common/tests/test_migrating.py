"""Several processes migrate one schema at once, also where an index is made beside the traffic."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from libs.common import migrate as migrating

HERBARIUM = "herbarium"
FIRST = '''"""A table, and an index that holds nobody up."""

import sqlalchemy as sa
from alembic import op

revision = "herbarium_0001"
down_revision = None
branch_labels = ("herbarium",)
depends_on = None


def upgrade() -> None:
    op.create_table("plants", sa.Column("name", sa.Text(), nullable=False))
    with op.get_context().autocommit_block():
        op.create_index("ix_plants_name", "plants", ["name"], postgresql_concurrently=True)
'''


@pytest.fixture
async def scratch(database_urls: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """The schema of nobody, and a service whose migrations lie elsewhere."""
    folder = tmp_path / HERBARIUM / "migrations"
    folder.mkdir(parents=True)
    (folder / "0001_plants.py").write_text(FIRST)
    monkeypatch.setattr(migrating, "SERVICES_FOLDER", tmp_path)
    url = database_urls["scratch"]
    yield url
    database = await asyncpg.connect(url.replace("+asyncpg", ""))
    await database.execute(f"DROP TABLE plants; DELETE FROM alembic_version WHERE version_num LIKE '{HERBARIUM}%'")
    await database.close()


async def test_whoever_waits_holds_up_no_index(scratch: str) -> None:
    """An index that is made concurrently waits for every statement that runs: also for one that waits for a lock."""
    async with asyncio.timeout(30):
        await asyncio.gather(*(migrating.migrate(HERBARIUM, scratch) for _ in range(3)))
    database = await asyncpg.connect(scratch.replace("+asyncpg", ""))
    valid = await database.fetchval("SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_plants_name'::regclass")
    await database.close()
    assert valid
