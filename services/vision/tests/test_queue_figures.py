"""How long the queue is and what is spent, as monitors see it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from prometheus_client import REGISTRY
from sqlalchemy import func, insert, literal, select, text

from libs.common.db import Database
from libs.common.values import now
from services.vision.models import AnalysisJob, ProviderCall
from services.vision.queue_figures import STATES, WAITING, count
from services.vision.settings import VisionSettings
from services.vision.tests.conftest import MakeJob
from services.vision.tests.samples import jpeg
from services.vision.tests.test_queue import claimed

SETTINGS = VisionSettings(cv_daily_budget_usd=Decimal(10))


def told(name: str, **labels: str) -> float:
    value = REGISTRY.get_sample_value(name, labels)
    assert value is not None
    return value


def jobs() -> dict[str, float]:
    return {state: told("waiting_jobs", state=state) for state in STATES}


async def test_jobs_by_what_they_wait_for(db: Database, make_job: MakeJob) -> None:
    for minutes in (1, 2, 3):
        await make_job(jpeg(), run_at=now() - timedelta(minutes=minutes))
    await claimed(db)
    await make_job(jpeg(), run_at=now() + timedelta(days=1))
    pausing = {"status": "processing", "started_at": now() - timedelta(minutes=9)}
    await make_job(jpeg(), **pausing, run_at=now() + timedelta(minutes=1))
    await make_job(jpeg(), **pausing, run_at=None, announced_at=now(), announced_version=2)
    for _ in range(5):
        await make_job(jpeg(), status="completed", run_at=None, completed_at=now())
    await count(db, SETTINGS)
    assert jobs() == {"due": 2, "pausing": 1, "no_money": 1, "working": 1, "unanswered": 1}
    assert 120 <= told("oldest_job_age_seconds", state="due") < 130
    assert 540 <= told("oldest_job_age_seconds", state="unanswered") < 550
    assert told("oldest_job_age_seconds", state="working") < 10


async def test_an_empty_queue_is_told_as_one(db: Database) -> None:
    await count(db, SETTINGS)
    assert set(jobs().values()) == {0}
    assert {told("oldest_job_age_seconds", state=state) for state in STATES} == {0}


async def test_what_is_spent_of_the_budget(db: Database) -> None:
    async with db.transaction() as session:
        for hours, cost in ((1, "2.25"), (23, "0.25"), (25, "7")):
            began = now() - timedelta(hours=hours)
            session.add(ProviderCall(user_id=uuid4(), model="gpt-4o", started_at=began, cost_usd=Decimal(cost)))
    await count(db, SETTINGS)
    assert told("cv_daily_spent_usd") == 2.5
    assert told("cv_daily_budget_used_ratio") == 0.25
    await count(db, VisionSettings(cv_daily_budget_usd=Decimal(0)))
    assert (told("cv_daily_spent_usd"), told("cv_daily_budget_used_ratio")) == (2.5, 0)


async def test_finished_jobs_are_not_looked_at(db: Database, make_job: MakeJob) -> None:
    finished = await make_job(jpeg(), status="completed", run_at=None, completed_at=now())
    await make_job(jpeg())
    columns: list[Any] = [column for column in AnalysisJob.__table__.columns if column.name != "id"]
    copies = select(func.gen_random_uuid(), *columns).where(AnalysisJob.id == finished)
    copies = copies.join(func.generate_series(1, 5000).table_valued("number"), literal(value=True))
    async with db.transaction() as session:
        await session.execute(insert(AnalysisJob).from_select(["id", *(each.name for each in columns)], copies))
    async with db.reading() as session:
        await session.execute(text("ANALYZE analysis_jobs"))
        plan = "\n".join(await session.scalars(text(f"EXPLAIN {WAITING.text}")))
    assert "ix_analysis_jobs_unfinished" in plan, plan
    assert "Seq Scan" not in plan
