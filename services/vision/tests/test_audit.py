"""Jobs that nobody will end, and pictures without their files, are found."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import update

from libs.common.blobs import Blobs
from libs.common.db import Database
from libs.common.recovery.audit import Surroundings
from libs.common.values import now
from services.vision.audit import audit
from services.vision.models import AnalysisJob, Picture
from services.vision.tests.conftest import MakeJob


async def found(db: Database, blobs: Blobs | None = None) -> list[str]:
    async with db.transaction() as session:
        return [key async for key, _ in audit.findings(session, Surroundings(blobs=blobs))]


@pytest.mark.parametrize(
    ("state", "is_stuck"),
    [
        ({}, False),
        ({"status": "processing", "run_at": None, "lease_until": timedelta(seconds=30)}, False),
        ({"status": "processing", "run_at": None, "announced_version": 2}, False),
        ({"status": "completed", "run_at": None}, False),
        ({"status": "processing", "run_at": None}, True),
        ({"status": "processing", "run_at": None, "lease_until": -timedelta(minutes=2)}, True),
        ({"status": "failed"}, True),
        ({"status": "processing", "run_at": None, "announced_version": 2, "created_at": -timedelta(hours=2)}, True),
    ],
)
async def test_a_job_that_nobody_will_end_is_found(
    db: Database, make_job: MakeJob, state: dict[str, Any], is_stuck: bool
) -> None:
    job = await make_job(b"")
    values = {name: now() + value if isinstance(value, timedelta) else value for name, value in state.items()}
    if values:
        async with db.transaction() as session:
            await session.execute(update(AnalysisJob).where(AnalysisJob.id == job).values(values))
    assert await found(db) == ([f"job/{job}"] if is_stuck else [])


async def test_a_picture_without_its_file_is_found(db: Database, blobs: Blobs) -> None:
    picture = Picture(
        id=uuid4(),
        user_id=uuid4(),
        key=f"media/{uuid4().hex}.png",
        rendition_key=f"private/{uuid4().hex}.jpg",
        sha256="0" * 64,
        width=1,
        height=1,
        size_bytes=1,
    )
    await blobs.put(picture.key, b"a picture")
    await blobs.put(picture.rendition_key, b"a rendition")
    async with db.transaction() as session:
        session.add(picture)
    assert await found(db, blobs) == []

    await blobs.delete(picture.rendition_key)

    assert await found(db, blobs) == [f"file/{picture.rendition_key}"]
    assert await found(db) == []
