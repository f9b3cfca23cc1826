"""What the tests of vision share: a laboratory on the real database and blob store, and the model's stand-in."""

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from libs.common.blobs import Blobs
from libs.common.db import Database
from libs.common.outbox import outbox
from libs.common.values import now
from services.vision.darkroom import Darkroom
from services.vision.identification import Laboratory
from services.vision.models import AnalysisJob
from services.vision.providers.offline import OfflineIdentifier
from services.vision.providers.openai import OpenAIProvider
from services.vision.settings import VisionSettings
from tests.fakes.model_server import ModelServer

MakeJob = Callable[..., Any]


@pytest.fixture(scope="module", autouse=True)
async def _no_decoders_left() -> AsyncIterator[None]:
    """The service's own decoders end with the module that used them: others count their children."""
    yield
    if (module := sys.modules.get("services.vision.app")) is not None:
        await module.app.state.darkroom.decoder.close()


@pytest.fixture
def model() -> Iterator[ModelServer]:
    """The paid model's API."""
    with ModelServer() as server:
        yield server


@pytest.fixture
def darkroom(app: FastAPI) -> Darkroom:
    """The service's own darkroom."""
    found: Darkroom = app.state.darkroom
    return found


@pytest.fixture
async def lab(db: Database, darkroom: Darkroom, model: ModelServer) -> AsyncIterator[Laboratory]:
    """A worker's laboratory with both providers; pauses between attempts are short."""
    settings = VisionSettings(
        openai_api_key="sk-test-key",  # type: ignore[arg-type]
        openai_base_url=model.url,
        cv_retry_delays_seconds=(0.05,),
        cv_request_timeout_seconds=1.0,
    )
    openai = OpenAIProvider(api_key="sk-test-key", base_url=model.url, timeout_seconds=1.0)
    providers: dict[str, Any] = {"openai": openai, "fallback": OfflineIdentifier()}
    yield Laboratory(settings, db, darkroom, providers)
    await openai.close()


@pytest.fixture
def make_job(db: Database, blobs: Blobs) -> MakeJob:
    """`await make_job(upload, cv_method="openai", …)` → the id of a job in the queue, made of an upload."""

    async def make(data: bytes, **values: Any) -> UUID:
        job = AnalysisJob(
            **{
                "id": uuid4(),
                "user_id": uuid4(),
                "original_key": f"private/originals/{uuid4().hex}",
                "image_conversion_status": "pending",
                "cv_method": "fallback",
                "model_name": "gpt-4o",
                "detail_level": "auto",
                "run_at": now(),
                **values,
            }
        )
        await blobs.put(job.original_key, data)
        async with db.transaction() as session:
            session.add(job)
        return job.id

    return make


async def job_of(db: Database, job_id: UUID) -> AnalysisJob:
    """The job as it is now."""
    async with db.reading() as session:
        return await session.get_one(AnalysisJob, job_id)


async def events(db: Database, subject: str | None = None) -> list[dict[str, Any]]:
    """What has been told so far, in order; `subject` and `version` beside the payload."""
    async with db.reading() as session:
        rows = (await session.execute(select(outbox.c.subject, outbox.c.payload).order_by(outbox.c.id))).all()
    told = [{"subject": row.subject, **orjson.loads(row.payload)} for row in rows]
    return [event for event in told if subject in (None, event["subject"])]
