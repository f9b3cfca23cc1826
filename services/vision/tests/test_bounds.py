"""A bound on money: so many calls for a player, so much for all (hardening 2F 143, bus notes §6)."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select, update

from libs.common.blobs import Blobs
from libs.common.db import Database
from libs.common.recovery.audit import Surroundings
from libs.common.recovery.ledger import Call, Ledger
from libs.common.testing import SignIn
from libs.common.tests.auditing import asked
from libs.common.values import now
from libs.contracts.users import UserDeleted
from services.vision import bounds, cleaning, handlers, meters, queue
from services.vision.audit import audit
from services.vision.darkroom import Darkroom
from services.vision.identification import Laboratory
from services.vision.models import AnalysisJob, ProviderCall
from services.vision.runner import Runner
from services.vision.tests.conftest import MakeJob, job_of
from services.vision.tests.samples import jpeg
from services.vision.tests.test_identification import GOOD, bills, next_claim, work_off
from services.vision.tests.test_images import convert_one
from services.vision.tests.test_jobs import JOBS, count, post, send
from services.vision.tests.test_repeated_uploads import originals
from tests.fakes.model_server import ModelServer

ADA, EVE = uuid4(), uuid4()
CALL = Decimal("0.002450")
"""What `GOOD` costs."""


@pytest.fixture
def headers(sign_in: SignIn) -> dict[str, str]:
    return sign_in(ADA)


@pytest.fixture
def three_calls(darkroom: Darkroom, monkeypatch: pytest.MonkeyPatch) -> None:
    """`CV_DAILY_CALLS_PER_USER=3`."""
    monkeypatch.setattr(darkroom, "settings", darkroom.settings.model_copy(update={"cv_daily_calls_per_user": 3}))


async def has_called(db: Database, make_job: MakeJob, times: int, hours_ago: float = 1, who: UUID = ADA) -> UUID:
    """A job that has ended, with so many paid calls."""
    job = await make_job(
        jpeg(), user_id=who, cv_method="openai", status="completed", run_at=None, completed_at=now(), raw_response={}
    )
    async with db.transaction() as session:
        for number in range(times):
            began = now() - timedelta(hours=hours_ago, seconds=number)
            session.add(ProviderCall(job_id=job, user_id=who, model="gpt-4o", started_at=began, cost_usd=CALL))
    return job


def refused(answer: httpx.Response, hours: float) -> None:
    """In the words of contract G7, to come back when enough calls are a day old."""
    assert answer.status_code == 429, answer.text
    seconds = int(answer.headers["retry-after"])
    assert answer.json() == {"detail": f"Request was throttled. Expected available in {seconds} seconds."}
    assert abs(seconds - hours * 3600) < 60


@pytest.mark.usefixtures("three_calls")
async def test_after_so_many_calls_nothing_paid_begins(
    client: httpx.AsyncClient, headers: dict[str, str], sign_in: SignIn, db: Database, make_job: MakeJob
) -> None:
    conversion = await convert_one(client, headers)
    await has_called(db, make_job, 2, hours_ago=5)
    await has_called(db, make_job, 4, hours_ago=25)
    await has_called(db, make_job, 3, who=EVE)
    first = await send(client, headers, jpeg(), cv_method="openai")
    assert first.status_code == 201, "calls of others and of yesterday do not count"
    there = await count(db)
    refused(await send(client, headers, jpeg(80), cv_method="openai"), 19)
    refused(await post(client, headers, conversion_id=conversion["id"], cv_method="openai"), 19)
    assert await count(db) == there
    assert (await send(client, headers, jpeg(), cv_method="openai")).json()["id"] == first.json()["id"], "a repeat"
    assert (await send(client, headers, jpeg(80))).status_code == 201, "the offline identifier costs nothing"
    assert (await post(client, headers, conversion_id=conversion["id"])).status_code == 201
    refused(await send(client, sign_in(EVE), jpeg(80), cv_method="openai"), 23)


@pytest.mark.usefixtures("three_calls")
async def test_the_time_to_come_back_is_when_one_call_less_counts(
    client: httpx.AsyncClient, headers: dict[str, str], db: Database, make_job: MakeJob
) -> None:
    for hours in (2, 10, 20, 23):
        await has_called(db, make_job, 1, hours_ago=hours)
    refused(await send(client, headers, jpeg(), cv_method="openai"), 4)


@pytest.mark.usefixtures("three_calls")
async def test_many_at_once_do_not_come_past_the_bound(
    client: httpx.AsyncClient, headers: dict[str, str], db: Database, blobs: Blobs
) -> None:
    """Each of them sees the others' jobs, which will call; and nothing is stored for those who are refused."""
    before = await originals(blobs)
    answers = await asyncio.gather(*(send(client, headers, jpeg(60 + n), cv_method="openai") for n in range(9)))
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [429] * 6
    assert await count(db) == 3
    async with db.reading() as session:
        named = set(await session.scalars(select(AnalysisJob.original_key)))
    assert await originals(blobs) - before == named


@pytest.mark.usefixtures("three_calls")
async def test_a_retry_is_bounded_unless_its_answer_is_there(
    client: httpx.AsyncClient, headers: dict[str, str], db: Database, make_job: MakeJob
) -> None:
    await has_called(db, make_job, 3, hours_ago=1)
    failed = {"user_id": ADA, "status": "failed", "run_at": None, "completed_at": now(), "error_message": "No."}
    paid, free, answered = [
        await make_job(jpeg(), **failed, **options)
        for options in (
            {"cv_method": "openai"},
            {"cv_method": "fallback"},
            {"cv_method": "openai", "raw_response": {"content": "Bison bison"}},
        )
    ]
    refused(await client.post(f"{JOBS}{paid}/retry/", headers=headers, json={}), 23)
    assert (await job_of(db, paid)).status == "failed"
    assert (await client.post(f"{JOBS}{free}/retry/", headers=headers, json={})).status_code == 200
    turned = {"transformations": {"rotation": 90}}
    refused(await client.post(f"{JOBS}{answered}/retry/", headers=headers, json=turned), 23)
    assert (await client.post(f"{JOBS}{answered}/retry/", headers=headers, json={})).status_code == 200


async def test_without_a_bound_nobody_counts(
    client: httpx.AsyncClient, headers: dict[str, str], db: Database, make_job: MakeJob, darkroom: Darkroom,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(darkroom, "settings", darkroom.settings.model_copy(update={"cv_daily_calls_per_user": 500}))
    await has_called(db, make_job, 501)
    refused(await send(client, headers, jpeg(), cv_method="openai"), 23 - 499 / 3600)
    monkeypatch.setattr(darkroom, "settings", darkroom.settings.model_copy(update={"cv_daily_calls_per_user": 0}))
    assert (await send(client, headers, jpeg(), cv_method="openai")).status_code == 201


def with_budget(lab: Laboratory, budget: str) -> Laboratory:
    return replace(lab, settings=lab.settings.model_copy(update={"cv_daily_budget_usd": Decimal(budget)}))


def gauge() -> float:
    return float(meters.budget_exhausted._value.get())


async def tend(lab: Laboratory) -> int:
    """What the worker does every few seconds about money."""
    async with lab.db.transaction() as session:
        return 0 if await bounds.is_exhausted(session, lab.settings) else await queue.call_back(session)


async def do_next(lab: Laboratory) -> None:
    await Runner(lab, asyncio.Event()).do(await next_claim(lab))


async def test_when_the_budget_is_spent_jobs_wait_and_nobody_is_asked(
    lab: Laboratory, db: Database, model: ModelServer, make_job: MakeJob, capfd: pytest.CaptureFixture[str]
) -> None:
    model.will(GOOD, GOOD, GOOD)
    lab = with_budget(lab, "0.004")
    first, second = [await make_job(jpeg(60 + n), cv_method="openai", user_id=ADA) for n in range(2)]
    await work_off(lab, first)
    await work_off(lab, second)
    assert len(model.calls) == 2, "the second began when 0.00245 of 0.004 were spent"

    capfd.readouterr()
    waiting = [await make_job(jpeg(70 + n), cv_method="openai", user_id=ADA) for n in range(2)]
    for _ in waiting:
        await do_next(lab)
    assert await tend(lab) == 0
    [said] = [line for line in capfd.readouterr().out.splitlines() if "provider.budget_exhausted" in line]
    assert "warning" in said
    assert (len(model.calls), gauge()) == (2, 1)
    for id in waiting:
        job = await job_of(db, id)
        assert (job.status, job.retry_count, job.started_at, job.lease_token) == ("pending", 0, None, None)
        assert job.image_conversion_status == "completed", "its picture can be looked at meanwhile"
    async with db.transaction() as session:
        assert await queue.claim(session, 5.0) is None, "nobody takes them up again and again"
    long_ago = "UPDATE analysis_jobs SET created_at = now() - interval '5 hours'"
    assert not [key for invariant, key in await asked(db, audit, long_ago) if key in {f"job/{id}" for id in waiting}]

    free = await make_job(jpeg(), cv_method="fallback", user_id=ADA)
    assert (await work_off(lab, free)).announced_version is not None, "what costs nothing goes on"

    async with db.transaction() as session:
        old = ProviderCall.started_at - timedelta(hours=24)
        await session.execute(update(ProviderCall).where(ProviderCall.job_id == first).values(started_at=old))
    assert (await tend(lab), gauge()) == (2, 0)
    await do_next(lab)
    await do_next(lab)
    ended = [(await job_of(db, id)).status for id in waiting]
    assert (len(model.calls), gauge(), sorted(ended)) == (3, 1, ["pending", "processing"])


async def test_called_back_a_few_at_a_time(
    lab: Laboratory, db: Database, make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "CALLED_BACK_AT_ONCE", 2)
    later = now() + timedelta(hours=20)
    paused = await make_job(jpeg(), status="processing", run_at=later)
    put_off = [
        await make_job(jpeg(), cv_method="openai", run_at=later, created_at=now() - timedelta(minutes=9 - n))
        for n in range(3)
    ]
    assert await tend(lab) == 2

    async def due() -> list[UUID]:
        async with db.reading() as session:
            jobs = await session.scalars(select(AnalysisJob.id).where(AnalysisJob.run_at < later - timedelta(hours=1)))
            return sorted(jobs)

    assert await due() == sorted(put_off[:2])
    assert [await tend(lab) for _ in range(2)] == [1, 0]
    assert paused not in await due(), "a pause between attempts is none of it"


async def test_an_answer_that_is_there_needs_no_money(
    lab: Laboratory, model: ModelServer, make_job: MakeJob, db: Database
) -> None:
    await has_called(db, make_job, 9)
    body = {"content": "Bison bison (American bison)", "model": "gpt-4o"}
    job = await make_job(jpeg(), cv_method="openai", raw_response=body)
    assert (await work_off(with_budget(lab, "0.001"), job)).names[0]["scientific_name"] == "Bison bison"
    assert model.calls == []


async def test_who_leaves_does_not_give_the_money_back(
    lab: Laboratory, db: Database, model: ModelServer, make_job: MakeJob
) -> None:
    """The note of a call stays for a day, and names nobody; the checker takes it for what it is."""
    model.will(GOOD)
    job = await make_job(jpeg(), cv_method="openai", user_id=ADA)
    await work_off(lab, job)
    [call] = await bills(db)
    assert (call.user_id, call.job_id) == (ADA, job)
    async with db.transaction() as session:
        await handlers.forget_user(UserDeleted(id=ADA, version=2), session)
    [call] = await bills(db)
    assert (call.user_id, call.job_id, call.cost_usd) == (None, None, CALL)
    async with db.reading() as session:
        assert await bounds.is_exhausted(session, with_budget(lab, "0.002").settings)
        assert not await bounds.is_exhausted(session, with_budget(lab, "0.003").settings)
    seen = Ledger((Call(call.started_at.timestamp(), "0" * 64, str(call.id), True, True),) * 2)
    assert [key for _, key in await asked(db, audit, surroundings=Surroundings(ledger=seen))] == []
    await cleaning.clean(db)
    assert len(await bills(db)) == 1
    await age(db, timedelta(hours=24, seconds=1))
    await cleaning.clean(db)
    assert await bills(db) == []


async def age(db: Database, by: timedelta) -> None:
    moment: Any = ProviderCall.started_at - by
    async with db.transaction() as session:
        await session.execute(update(ProviderCall).values(started_at=moment))


async def test_the_bill_of_a_player_who_leaves_meanwhile_is_noted(
    lab: Laboratory, db: Database, model: ModelServer, make_job: MakeJob
) -> None:
    """The player goes while the model looks."""

    class Leaving:
        name, is_paid = "openai", True

        def __getattr__(self, name: str) -> Any:
            return getattr(lab.providers["openai"], name)

        async def ask(self, *given: Any, **more: Any) -> Any:
            answer = await lab.providers["openai"].ask(*given, **more)
            async with db.transaction() as session:
                await handlers.forget_user(UserDeleted(id=ADA, version=2), session)
            return answer

    model.will(GOOD)
    await make_job(jpeg(), cv_method="openai", user_id=ADA)
    await do_next(replace(lab, providers={"openai": Leaving()}))
    [call] = await bills(db)
    assert (call.user_id, call.job_id, call.cost_usd, call.result) == (None, None, CALL, "answered")
