"""Jobs that are stuck or were told of otherwise, files out of place, and bills that do not add up are found."""

from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select, update

from libs.common.blobs import Blobs
from libs.common.db import Database
from libs.common.recovery.audit import Surroundings
from libs.common.recovery.history import History
from libs.common.recovery.ledger import Call, Ledger
from libs.common.testing import SignIn
from libs.common.tests.auditing import GONE, asked, files_of, history, told
from libs.common.values import now
from libs.contracts.animals import AnimalIdentified
from services.vision.audit import audit
from services.vision.completion import complete
from services.vision.identification import Laboratory
from services.vision.models import AnalysisJob, Picture
from services.vision.tests.conftest import MakeJob, job_of
from services.vision.tests.samples import jpeg
from services.vision.tests.test_identification import GOOD, bills, work_off
from tests.fakes.model_server import ModelServer

JOBS, CONVERT = "/api/v1/vision/jobs/", "/api/v1/images/convert/"
UPLOAD = jpeg()
CHECKSUM = sha256(UPLOAD).hexdigest()
ADA = uuid4()


async def upload(client: httpx.AsyncClient, sign_in: SignIn, **options: str) -> UUID:
    """A job of a conversion, as the game begins one."""
    files = {"image": ("image.jpg", UPLOAD, "image/jpeg")}
    converted = await client.post(CONVERT, files=files, headers=sign_in(ADA))
    wish = {"conversion_id": converted.json()["id"], **options}
    begun = await client.post(JOBS, json=wish, headers=sign_in(ADA))
    assert begun.status_code == 201, begun.text
    return UUID(begun.json()["id"])


@pytest.fixture
async def finished(client: httpx.AsyncClient, sign_in: SignIn, lab: Laboratory, model: ModelServer) -> UUID:
    """A job that was paid for and is completed; no animal of the registry came of it."""
    model.will(GOOD)
    id = await upload(client, sign_in, cv_method="openai")
    job = await work_off(lab, id)
    async with lab.db.transaction() as session:
        fact = AnimalIdentified(id=id, version=job.version, user_id=ADA, animals=[], picture=None)
        assert await complete(session, fact)
    return id


@pytest.mark.parametrize(
    ("state", "is_stuck"),
    [
        ({}, False),
        ({"run_at": timedelta(seconds=40)}, False),
        ({"run_at": -timedelta(seconds=40)}, False),
        ({"run_at": -timedelta(seconds=90)}, True),
        ({"status": "processing", "run_at": None, "lease_until": timedelta(seconds=30)}, False),
        ({"status": "processing", "run_at": None, "announced_version": 2, "announced_at": timedelta()}, False),
        ({"status": "processing", "run_at": None, "announced_version": 2, "announced_at": -timedelta(minutes=2)}, True),
        ({"status": "processing", "run_at": None}, True),
        ({"status": "processing", "run_at": None, "lease_until": -timedelta(minutes=2)}, True),
        ({"run_at": timedelta(hours=20), "created_at": -timedelta(hours=4)}, False),
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
    assert (("I3", f"job/{job}") in await asked(db, audit)) is is_stuck


SECOND_JOB = """
INSERT INTO analysis_jobs SELECT (jsonb_populate_record(known, jsonb_build_object(
    'id', '00000000-0000-0000-0000-000000000001', 'created_at', known.completed_at - interval '1 ms'))).*
FROM analysis_jobs AS known
"""
OTHER_RESULT = """
INSERT INTO outbox (event_id, partition, aggregate_type, aggregate_id, version, subject, payload, headers)
SELECT gen_random_uuid(), partition, aggregate_type, aggregate_id, 3, subject,
    convert_to(jsonb_set(convert_from(payload, 'UTF8')::jsonb, '{names}', '[]')::text, 'UTF8'), headers
FROM outbox WHERE subject = 'image.identified'
"""


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        ((), []),
        (("DELETE FROM outbox WHERE subject = 'image.uploaded'",), ["told/{job}"]),
        (("DELETE FROM outbox WHERE subject = 'image.identified'",), ["told/{job}"]),
        (("UPDATE analysis_jobs SET version = 3",), ["told/{job}"]),
        ((OTHER_RESULT, "UPDATE analysis_jobs SET version = 3"), ["results/{job}"]),
        (("UPDATE analysis_jobs SET status = 'failed', error_message = 'No.'",), ["told/{job}"]),
        (("UPDATE analysis_jobs SET outcome = NULL",), ["result/{job}"]),
        (("UPDATE analysis_jobs SET raw_response = NULL",), ["result/{job}"]),
        (("UPDATE analysis_jobs SET outcome = 'identified'",), ["result/{job}"]),
        (("UPDATE analysis_jobs SET cost_usd = cost_usd * 2",), ["bill/{job}"]),
        (("UPDATE analysis_jobs SET input_tokens = 0",), ["bill/{job}"]),
        (("UPDATE provider_calls SET finished_at = NULL",), ["call/{job}"]),
        (("UPDATE analysis_jobs SET original_key = 'media/ab/raw'",), ["place/media/ab/raw"]),
        (("INSERT INTO discarded_files VALUES ('private/x', now() - interval '2 minutes')",), ["discarded/private/x"]),
    ],
)
async def test_each_damage_is_found(db: Database, finished: UUID, damage: tuple[str, ...], expected: list[str]) -> None:
    assert await asked(db, audit, *damage) == [("I3", key.format(job=finished)) for key in expected]


async def test_two_jobs_of_one_conversion_at_a_time_are_found(db: Database, finished: UUID) -> None:
    found = await asked(db, audit, SECOND_JOB)
    assert ("I3", "again/00000000-0000-0000-0000-000000000001") in found
    later = SECOND_JOB.replace("- interval", "+ interval")
    assert not any(key.startswith("again/") for _, key in await asked(db, audit, later))


async def test_what_is_left_of_a_player_is_found(db: Database, finished: UUID) -> None:
    tables = [key.partition("/")[0] for invariant, key in await asked(db, audit, GONE, gone=ADA) if invariant == "U4"]
    assert tables == ["analysis_jobs", "image_conversions", "pictures", "provider_calls"]


async def test_every_file_is_named_with_what_is_known_of_it(db: Database, blobs: Blobs, finished: UUID) -> None:
    async with db.reading() as session:
        [picture] = await session.scalars(select(Picture))
    original = (await job_of(db, finished)).original_key
    named = await files_of(db, audit)
    assert {file.key for file in named} == {*picture.files, original}
    known = {file.key: (file.size, file.sha256) for file in named if file.sha256}
    assert known == {picture.key: (picture.size_bytes, picture.sha256), original: (len(UPLOAD), CHECKSUM)}
    for key, (_, digest) in known.items():
        assert sha256(await blobs.get(key)).hexdigest() == digest


async def test_jobs_and_conversions_are_as_their_owners_were_told(db: Database, finished: UUID) -> None:
    conversion = (await job_of(db, finished)).source_conversion_id
    created = told("job.created", finished, ADA, sha256=CHECKSUM, provider="openai")
    completed = told("job.completed", finished, ADA, at=2, status="completed", animals=[], error="")
    converted = told("conversion.created", conversion, ADA, sha256=CHECKSUM)
    came = told("user.registered", ADA, ADA)
    assert await asked(db, audit, surroundings=history(came, created, completed, converted)) == []

    wrong = [("I9", f"job/{finished}")]
    failed = told("job.failed", finished, ADA, at=2)
    others: list[dict[str, Any]] = [{"sha256": "0" * 64}, {"provider": "fallback"}, {"animals": [str(uuid4())]}]
    for line in (failed, *(told("job.completed", finished, ADA, at=2, **other) for other in others)):
        assert await asked(db, audit, surroundings=history(created, line)) == wrong
    assert await asked(db, audit, surroundings=history(failed, told("job.retried", finished, ADA, at=3))) == []
    assert await asked(db, audit, surroundings=history(came, told("job.failed?", uuid4(), ADA))) == wrong
    assert (
        await asked(db, audit, surroundings=history(came, told("job.created?", CHECKSUM, ADA, sha256=CHECKSUM))) == []
    )
    lost = told("conversion.created", uuid4(), ADA, at=now().timestamp())
    assert await asked(db, audit, surroundings=history(lost)) == [("I9", f"conversion/{lost.id}")]
    assert await asked(db, audit, surroundings=history(told("conversion.created", uuid4(), ADA))) == []


async def test_the_ledger_and_the_notes_agree(db: Database, finished: UUID) -> None:
    [note] = await bills(db)
    at = note.started_at.timestamp() - 1

    def call(key: object, *, is_billed: bool = True, picture: str = "0" * 64) -> Call:
        return Call(at, picture, str(key), is_billed, is_billed)

    async def found(*calls: Call, spare: int = 0, **more: Any) -> list[tuple[str, str]]:
        return await asked(db, audit, surroundings=Surroundings(ledger=Ledger(calls, spare), **more))

    once, paid = call(note.id), [("I10", f"paid/{finished}")]
    assert await found(once) == []
    assert await found(once, call(note.id, is_billed=False)) == []
    assert await found(once, once) == paid
    assert await found(once, once, spare=1) == []
    assert await found(once, once, once, spare=1) == paid
    retried = History([told("job.retried", finished, ADA)])
    assert await found(once, once, history=retried) == []
    stranger = call(uuid4())
    assert await found(once, stranger) == [("I10", f"unnoted/{stranger.key}")]
    assert await found(call(None, is_billed=False)) == [("I10", f"answer/{note.id}")]
    upload = next(key for _, key in await found(once, call(note.id, is_billed=False, picture=CHECKSUM)))
    assert upload.startswith("upload/")


async def test_a_second_paid_call_of_a_job_is_found(db: Database, finished: UUID) -> None:
    """Of a job that asked twice, unless the first answer was empty."""
    [note] = await bills(db)
    second = "INSERT INTO provider_calls (id, job_id, model, started_at, finished_at, result, input_tokens, \
        output_tokens, cost_usd) SELECT :second, job_id, model, now(), now(), :result, 0, 0, 0 FROM provider_calls"
    for result, expected in (("answered", [("I10", f"paid/{finished}")]), ("empty_answer", [])):
        values = {"second": (other := uuid4()), "result": result}
        calls = tuple(Call(note.started_at.timestamp() - 1, "0" * 64, str(key), True, True) for key in (note.id, other))
        known = Surroundings(ledger=Ledger(calls))
        assert await asked(db, audit, second, surroundings=known, **values) == expected
