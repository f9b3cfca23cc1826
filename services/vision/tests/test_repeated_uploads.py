"""A multipart request that is sent again leads to the job that it led to (contract V2; hardening 0.3 11, 2A 34)."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import update

from libs.common.blobs import Blobs
from libs.common.db import Database
from libs.common.testing import SignIn
from libs.common.tests.auditing import asked
from libs.common.values import now
from services.vision import cleaning, jobs, upload_jobs
from services.vision.audit import audit
from services.vision.darkroom import ORIGINALS, Darkroom
from services.vision.models import AnalysisJob
from services.vision.tests.conftest import MakeJob, events, job_of
from services.vision.tests.samples import jpeg, png
from services.vision.tests.test_jobs import announce, count, hear, send
from services.vision.together import Once, Turns
from services.vision.transformations import Transformations

ADA = uuid4()


@pytest.fixture
def headers(sign_in: SignIn) -> dict[str, str]:
    return sign_in(ADA)


async def begun(answer: Awaitable[httpx.Response]) -> str:
    """The id of the job; whether it is new is not told."""
    told = await answer
    assert told.status_code == 201, told.text
    return str(told.json()["id"])


async def originals(blobs: Blobs) -> set[str]:
    return {stored.key async for stored in blobs.all() if stored.key.startswith(ORIGINALS)}


async def test_a_repeat_gets_the_unfinished_job(
    client: httpx.AsyncClient, headers: dict[str, str], db: Database
) -> None:
    first = await begun(send(client, headers, jpeg(), transformations='{"rotation": 90}'))
    assert await begun(send(client, headers, jpeg(), transformations='{"rotation": 90.0}')) == first
    await announce(db, first)
    assert await begun(send(client, headers, jpeg(), transformations='{"rotation": 90, "x": 1}')) == first
    assert (await count(db), len(await events(db, "image.uploaded"))) == (1, 1)


@pytest.mark.parametrize(
    "other",
    [
        {"transformations": '{"rotation": 90}'},
        {"detail_level": "high"},
        {"cv_method": "openai"},
        {"post_conversion_transformations": '{"rotation": 90}'},
    ],
)
async def test_who_asks_for_something_else_gets_another_job(
    client: httpx.AsyncClient, headers: dict[str, str], other: dict[str, str]
) -> None:
    first = await begun(send(client, headers, jpeg()))
    assert await begun(send(client, headers, jpeg(), **other)) != first


async def test_other_bytes_and_other_players_get_another_job(
    client: httpx.AsyncClient, headers: dict[str, str], sign_in: SignIn
) -> None:
    found = {
        await begun(send(client, headers, jpeg())),
        await begun(send(client, headers, png())),
        await begun(send(client, sign_in(uuid4()), jpeg())),
    }
    assert len(found) == 3


async def test_an_ended_job_is_not_given_again(
    client: httpx.AsyncClient, headers: dict[str, str], db: Database
) -> None:
    first = await begun(send(client, headers, jpeg()))
    await hear(db, first, await announce(db, first))
    second = await begun(send(client, headers, jpeg()))
    assert second != first
    async with db.transaction() as session:
        job = await session.get_one(AnalysisJob, UUID(second))
        job.status, job.completed_at = "failed", now()
    assert await begun(send(client, headers, jpeg())) not in (first, second)


@pytest.mark.parametrize(("age", "is_same"), [(timedelta(minutes=4, seconds=50), True), (timedelta(minutes=5), False)])
async def test_nobody_repeats_after_five_minutes(
    client: httpx.AsyncClient, headers: dict[str, str], db: Database, age: timedelta, is_same: bool
) -> None:
    first = await begun(send(client, headers, jpeg()))
    async with db.transaction() as session:
        await session.execute(update(AnalysisJob).values(created_at=now() - age))
    assert (await begun(send(client, headers, jpeg())) == first) is is_same


async def test_a_job_from_before_the_checksum_was_kept_is_nobodys_repeat(
    client: httpx.AsyncClient, headers: dict[str, str], make_job: MakeJob
) -> None:
    old = await make_job(jpeg(), user_id=ADA)
    assert await begun(send(client, headers, jpeg())) != str(old)


async def test_fifty_at_once_are_one_job_and_one_file(
    client: httpx.AsyncClient, headers: dict[str, str], db: Database, blobs: Blobs
) -> None:
    """2A 34: none is turned away; they take one place in the decoder, and do not all write what they bring."""
    before = await originals(blobs)
    found = await asyncio.gather(*(begun(send(client, headers, jpeg(900, 700))) for _ in range(50)))
    assert len(set(found)) == 1
    assert (await count(db), len(await events(db, "image.uploaded"))) == (1, 1)
    assert len(await originals(blobs) - before) <= 2, "the second may come while the first commits"
    await cleaning.remove_all_discarded_files(db, blobs)
    assert await originals(blobs) - before == {(await job_of(db, UUID(found[0]))).original_key}


async def test_several_processes_make_one_job_and_keep_one_file(db: Database, darkroom: Darkroom, blobs: Blobs) -> None:
    """Nothing but the database stands between two processes: here each request is in one of its own."""
    before = await originals(blobs)
    options = jobs.Options("fallback", "gpt-4o", "auto")
    request = upload_jobs.Request(ADA, "0" * 64, options, Transformations(), {})

    async def start() -> UUID:
        async with db.transaction() as session:
            return await upload_jobs.start(session, darkroom, request, jpeg())

    found = set(await asyncio.gather(*(start() for _ in range(10))))
    assert len(found) == 1
    await cleaning.remove_all_discarded_files(db, blobs)
    assert await originals(blobs) - before == {(await job_of(db, found.pop())).original_key}


async def test_fifty_bad_pictures_at_once_are_looked_at_once(
    client: httpx.AsyncClient, headers: dict[str, str], db: Database
) -> None:
    answers = await asyncio.gather(*(send(client, headers, b"no picture at all") for _ in range(50)))
    assert {answer.status_code for answer in answers} == {400}
    assert await count(db) == 0


async def test_the_checker_finds_a_repeat_that_made_a_second_job(
    client: httpx.AsyncClient, headers: dict[str, str], db: Database
) -> None:
    first = UUID(await begun(send(client, headers, jpeg())))
    second = UUID(await begun(send(client, headers, png())))
    copied = "UPDATE analysis_jobs SET upload_sha256 = 'same'"
    assert ("I3", f"again/{second}") not in await asked(db, audit)
    assert ("I3", f"again/{second}") in await asked(db, audit, copied)
    async with db.transaction() as session:
        await session.execute(
            update(AnalysisJob)
            .where(AnalysisJob.id == first)
            .values(created_at=AnalysisJob.created_at - timedelta(minutes=6))
        )
    assert ("I3", f"again/{second}") not in await asked(db, audit, copied)


async def test_one_answer_for_all_who_ask_at_once() -> None:
    calls, release = 0, asyncio.Event()

    async def answer() -> int:
        nonlocal calls
        calls += 1
        await release.wait()
        if calls == 2:
            raise ValueError
        return calls

    once = Once[int]()
    impatient, patient, other = (asyncio.create_task(once.ask(key, answer)) for key in ("a", "a", "a"))
    await asyncio.sleep(0)
    impatient.cancel()
    await asyncio.sleep(0)
    release.set()
    assert [await patient, await other, calls] == [1, 1, 1]
    failing = [asyncio.create_task(once.ask("a", answer)) for _ in range(2)]
    outcome: list[Any] = await asyncio.gather(*failing, return_exceptions=True)
    assert [type(each) for each in outcome] == [ValueError, ValueError]
    assert calls == 2, "an answer is not remembered, a refusal neither"


async def test_turns_are_taken_one_by_one_and_leave_nothing() -> None:
    turns, inside, most = Turns(), 0, 0

    async def come(key: str) -> None:
        nonlocal inside, most
        async with turns.take(key):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(come("a") for _ in range(5)))
    assert most == 1
    await asyncio.gather(come("a"), come("b"))
    assert most == 2
    assert not turns._locks
    assert not turns._waiting
