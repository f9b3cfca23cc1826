"""An answer that was paid for is not lost because the database was away when it came (found by chaos)."""

import asyncio
import threading
from uuid import UUID

from sqlalchemy import select, text

from libs.common.db import Database
from services.vision.identification import Laboratory
from services.vision.models import AnalysisJob
from services.vision.tests.conftest import MakeJob
from services.vision.tests.samples import jpeg
from services.vision.tests.test_identification import GOOD, bills, work_off
from tests.fakes.model_server import ModelServer
from tests.fakes.model_steps import Held

WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")


async def until_waiters(db: Database, *, are_there: bool) -> None:
    async with asyncio.timeout(20), db.reading() as session:
        while bool(await session.scalar(WAITING)) is not are_there:
            await asyncio.sleep(0.02)


async def test_a_paid_answer_outlives_a_database_that_does_not_answer(
    lab: Laboratory, make_job: MakeJob, model: ModelServer
) -> None:
    """H9, F22: storing it runs into its time limit, and is tried again; nobody is asked (and paid) a second time."""
    gate = threading.Event()
    model.will(Held(gate, GOOD))
    job_id: UUID = await make_job(jpeg(), cv_method="openai")
    working = asyncio.create_task(work_off(lab, job_id))
    async with asyncio.timeout(10):
        while not model.calls:
            await asyncio.sleep(0.02)
    async with lab.db.transaction() as session:
        await session.execute(select(AnalysisJob.id).where(AnalysisJob.id == job_id).with_for_update())
        gate.set()
        await until_waiters(lab.db, are_there=True)
        await until_waiters(lab.db, are_there=False)
    job = await working
    assert [name["scientific_name"] for name in job.names] == ["Bison bison"]
    assert (job.retry_count, len(model.bills), len(model.calls)) == (0, 1, 1)
    assert [bill.result for bill in await bills(lab.db)] == ["answered"]
