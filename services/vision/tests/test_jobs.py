"""A player asks which animal it is, and gets an answer (contract V)."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import func, select

from libs.common.db import Database
from libs.common.testing import SignIn
from libs.common.values import now
from libs.contracts.animals import AnimalCreated, AnimalIdentified, IdentifiedAnimal
from libs.contracts.users import UserRegistered
from services.vision import handlers, queue
from services.vision.models import AnalysisJob, ImageConversion
from services.vision.tests.conftest import MakeJob, events, job_of
from services.vision.tests.samples import gray_bomb, jpeg, png
from services.vision.tests.test_images import INVALID, convert_one, expire

JOBS = "/api/v1/vision/jobs/"
KEYS = {
    "id", "source_conversion", "image", "dex_compatible_url", "image_conversion_status",
    "post_conversion_transformations", "user", "status", "cv_method", "model_name", "detail_level",
    "parsed_prediction", "identified_animal", "animal_details", "confidence_score", "detected_animals",
    "suggestions", "outcome", "score_kind", "selected_animal_index", "cost_usd", "processing_time",
    "input_tokens", "output_tokens", "error_message", "retry_count", "created_at", "started_at",
    "completed_at", "duration",
}  # fmt: skip


@pytest.fixture
def player() -> UUID:
    return uuid4()


@pytest.fixture
def headers(sign_in: SignIn, player: UUID) -> dict[str, str]:
    return sign_in(player)


async def post(client: httpx.AsyncClient, headers: dict[str, str], **body: Any) -> httpx.Response:
    return await client.post(JOBS, headers=headers, json=body)


async def send(client: httpx.AsyncClient, headers: dict[str, str], data: bytes, **fields: str) -> httpx.Response:
    return await client.post(JOBS, headers=headers, files={"image": ("image.jpg", data, "image/jpeg")}, data=fields)


async def count(db: Database) -> int:
    async with db.reading() as session:
        return await session.scalar(select(func.count()).select_from(AnalysisJob)) or 0


def animal(**values: Any) -> IdentifiedAnimal:
    return IdentifiedAnimal.model_validate(
        {
            "animal_id": uuid4(),
            "creation_index": 7,
            "scientific_name": "Canis lupus familiaris",
            "accepted_scientific_name": "Canis familiaris",
            "common_name": "Dog",
            "score": 0.91234,
            "is_new": False,
            **values,
        }
    )


async def announce(db: Database, job_id: UUID | str, **values: Any) -> int:
    """Brings a job to where vision's part is over; returns the version of its `image.identified`."""
    async with db.transaction() as session:
        job = await session.get_one(AnalysisJob, UUID(str(job_id)))
        queue.let_go(job)
        job.run_at, job.status, job.version = None, "processing", job.version + 1
        job.announced_version, job.announced_at = job.version, now()
        for name, value in values.items():
            setattr(job, name, value)
        return job.version


async def hear(db: Database, job_id: UUID | str, version: int, *animals: IdentifiedAnimal) -> None:
    event = AnimalIdentified(
        id=UUID(str(job_id)), version=version, user_id=uuid4(), animals=list(animals), picture=None
    )
    async with db.transaction() as session:
        await handlers.complete_job(event, session)


async def test_a_job_from_a_conversion(
    client: httpx.AsyncClient, headers: dict[str, str], player: UUID, db: Database
) -> None:
    conversion = await convert_one(client, headers)
    answer = await post(
        client, headers, conversion_id=conversion["id"], post_conversion_transformations={"rotation": 90.0}
    )
    assert answer.status_code == 201, answer.text
    job = answer.json()
    assert set(job) == KEYS | {"conversion_id"}
    assert job["conversion_id"] == job["source_conversion"] == conversion["id"]
    assert job["user"] == str(player)
    assert (job["status"], job["image_conversion_status"]) == ("pending", "completed")
    assert (job["cv_method"], job["model_name"], job["detail_level"]) == ("fallback", "gpt-4o", "auto")
    assert job["post_conversion_transformations"] == {"rotation": 90.0}
    assert (job["detected_animals"], job["suggestions"], job["animal_details"]) == ([], [], None)
    assert (job["error_message"], job["retry_count"], job["outcome"], job["image"]) == ("", 0, None, None)
    assert job["dex_compatible_url"].startswith("http://testserver/media/")
    assert job["dex_compatible_url"].endswith(".png")
    [event] = await events(db)
    assert (event["subject"], event["id"], event["version"], event["user_id"]) == (
        "image.uploaded",
        job["id"],
        1,
        str(player),
    )
    assert event["storage_key"].startswith("private/")
    assert event["size_bytes"] == len(jpeg())
    assert (await client.get(f"{JOBS}{job['id']}/", headers=headers)).json() == job
    async with db.reading() as session:
        assert await session.scalar(select(ImageConversion.used_in_job))


async def test_a_repeated_request_gets_the_unfinished_job(
    client: httpx.AsyncClient, headers: dict[str, str], db: Database
) -> None:
    conversion = await convert_one(client, headers)
    first = await post(client, headers, conversion_id=conversion["id"])
    again = await post(client, headers, conversion_id=conversion["id"])
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    await hear(db, first.json()["id"], await announce(db, first.json()["id"]))
    later = await post(client, headers, conversion_id=conversion["id"])
    assert later.status_code == 201
    assert later.json()["id"] != first.json()["id"]


async def test_a_job_from_an_upload(client: httpx.AsyncClient, headers: dict[str, str], db: Database) -> None:
    answer = await send(client, headers, png(), transformations='{"rotation": 180}', detail_level="high")
    assert answer.status_code == 201, answer.text
    job = answer.json()
    assert set(job) == KEYS
    assert (job["status"], job["image_conversion_status"], job["detail_level"]) == ("pending", "pending", "high")
    assert (job["image"], job["dex_compatible_url"], job["source_conversion"]) == (None, None, None)
    assert (await job_of(db, UUID(job["id"]))).transformations == {"rotation": 180}
    assert [event["subject"] for event in await events(db)] == ["image.uploaded"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {"non_field_errors": ["Either conversion_id or image must be provided"]}),
        ({"conversion_id": None}, {"non_field_errors": ["Either conversion_id or image must be provided"]}),
        ({"conversion_id": "zz"}, {"conversion_id": ["Must be a valid UUID."]}),
        ({"conversion_id": ""}, {"conversion_id": ["Must be a valid UUID."]}),
        ({"conversion_id": 7.0}, {"conversion_id": ["Must be a valid UUID."]}),
        (
            {"conversion_id": "00000000-0000-4000-8000-000000000000"},
            {"non_field_errors": ["Invalid conversion_id or conversion not found"]},
        ),
        ({"conversion_id": "x", "cv_method": "zzz"}, {"cv_method": ['"zzz" is not a valid choice.']}),
        ({"conversion_id": "x", "model_name": "gpt-9"}, {"model_name": ['"gpt-9" is not a valid choice.']}),
        ({"conversion_id": "x", "detail_level": "zz"}, {"detail_level": ['"zz" is not a valid choice.']}),
        (
            {"conversion_id": "x", "model_name": "m" * 101},
            {"model_name": ["Ensure this field has no more than 100 characters."]},
        ),
        (
            {"conversion_id": "x", "post_conversion_transformations": "{"},
            {"post_conversion_transformations": ["Value must be valid JSON."]},
        ),
        (
            {"conversion_id": "x", "post_conversion_transformations": [1]},
            {"post_conversion_transformations": ["Value must be a JSON object of moderate size."]},
        ),
        (
            {"conversion_id": "x", "post_conversion_transformations": {"a": "b" * 20_000}},
            {"post_conversion_transformations": ["Value must be a JSON object of moderate size."]},
        ),
        (
            {"conversion_id": "x", "post_conversion_transformations": {"a": "\u0000"}},
            {"post_conversion_transformations": ["Null characters are not allowed."]},
        ),
        (
            {"conversion_id": "x", "post_conversion_transformations": '{"a": "\\u0000"}'},
            {"post_conversion_transformations": ["Null characters are not allowed."]},
        ),
    ],
)
async def test_bad_requests(
    client: httpx.AsyncClient, headers: dict[str, str], db: Database, body: dict[str, Any], expected: dict[str, Any]
) -> None:
    answer = await post(client, headers, **body)
    assert answer.status_code == 400
    got = answer.json()
    assert got.pop("detail") == next(iter(expected.values()))[0]
    assert got == expected
    assert await count(db) == 0


@pytest.mark.parametrize(
    ("data", "fields", "expected"),
    [
        (b"text", {}, {"image": [INVALID]}),
        (b"", {}, {"image": ["The submitted file is empty."]}),
        (jpeg(800, 600)[:4000], {}, {"image": [INVALID]}),
        (gray_bomb(13_000), {}, {"image": ["Image has too many pixels. Maximum is 50000000."]}),
        (jpeg(), {"transformations": "{"}, {"error": "Invalid transformations JSON"}),
        (
            jpeg(),
            {"transformations": '{"rotation": 1}'},
            {"transformations": ["Rotation must be one of: 0, 90, 180, 270."]},
        ),
        (jpeg(), {"cv_method": "guess"}, {"cv_method": ['"guess" is not a valid choice.']}),
    ],
)
async def test_bad_uploads_leave_nothing_behind(
    client: httpx.AsyncClient,
    headers: dict[str, str],
    db: Database,
    data: bytes,
    fields: dict[str, str],
    expected: dict[str, Any],
) -> None:
    answer = await send(client, headers, data, **fields)
    assert answer.status_code == 400
    got = answer.json()
    assert isinstance(got.pop("detail"), str)
    assert got == expected
    assert await count(db) == 0
    assert await events(db) == []


async def test_somebody_elses_and_expired_conversions(
    client: httpx.AsyncClient, headers: dict[str, str], sign_in: SignIn, db: Database
) -> None:
    conversion = await convert_one(client, headers)
    foreign = await post(client, sign_in(uuid4()), conversion_id=conversion["id"])
    assert foreign.json()["non_field_errors"] == ["Invalid conversion_id or conversion not found"]
    await expire(db)
    expired = await post(client, headers, conversion_id=conversion["id"])
    assert expired.status_code == 400
    assert expired.json()["non_field_errors"] == ["Image conversion has expired. Please upload again."]


async def test_a_job_is_its_owners_business(
    client: httpx.AsyncClient, headers: dict[str, str], sign_in: SignIn, make_job: MakeJob, player: UUID
) -> None:
    path = f"{JOBS}{await make_job(jpeg(), user_id=player, status='failed')}/"
    other = sign_in(uuid4())
    missing = {"detail": "No AnalysisJob matches the given query."}
    for method, place in (
        ("GET", path),
        ("POST", f"{path}retry/"),
        ("POST", f"{path}select_animal/"),
        ("GET", f"{path}dex-image/"),
    ):
        answer = await client.request(method, place, headers=other)
        assert (answer.status_code, answer.json()) == (404, missing), place
        assert (await client.request(method, place)).status_code == 401
    for method in ("PUT", "PATCH", "DELETE"):
        assert (await client.request(method, path, headers=headers)).status_code == 405
    assert (await client.get(f"{JOBS}zz/", headers=headers)).status_code == 404


async def test_completion_with_animals(
    client: httpx.AsyncClient, headers: dict[str, str], db: Database, make_job: MakeJob, player: UUID
) -> None:
    job_id = await make_job(jpeg(), user_id=player)
    version = await announce(db, job_id, score_kind="raw", saw_an_animal=True)
    dog, fox = animal(), animal(scientific_name="Vulpes vulpes", accepted_scientific_name="Vulpes vulpes", score=None)
    await hear(db, job_id, version, dog, fox, dog)
    job = (await client.get(f"{JOBS}{job_id}/", headers=headers)).json()
    assert (job["status"], job["outcome"], job["confidence_score"]) == ("completed", "identified", 0.9123)
    assert job["identified_animal"] == str(dog.animal_id)
    assert job["detected_animals"][0] == {
        "scientific_name": "Canis lupus familiaris",
        "common_name": "Dog",
        "confidence": 0.9123,
        "animal_id": str(dog.animal_id),
        "creation_index": 7,
        "accepted_scientific_name": "Canis familiaris",
        "is_new": False,
    }
    assert [item["confidence"] for item in job["detected_animals"]] == [0.9123, None]
    assert job["duration"] > 0
    # The copy of the animal is not there yet: the identification itself tells enough.
    assert job["animal_details"] == {
        "id": str(dog.animal_id),
        "scientific_name": "Canis familiaris",
        "common_name": "Dog",
        "conservation_status": "NE",
        "creation_index": 7,
        "created_by_username": None,
        "verified": False,
    }
    await introduce(db, dog.animal_id, player)
    details = (await client.get(f"{JOBS}{job_id}/", headers=headers)).json()["animal_details"]
    assert (details["common_name"], details["conservation_status"], details["created_by_username"]) == (
        "Domestic dog",
        "LC",
        "darwin",
    )


async def introduce(db: Database, animal_id: UUID, creator: UUID) -> None:
    known: dict[str, Any] = dict.fromkeys(
        ("kingdom", "phylum", "class_name", "order", "family", "genus", "species"), ""
    )
    created = AnimalCreated(
        id=animal_id,
        version=1,
        scientific_name="Canis familiaris",
        common_name="Domestic dog",
        conservation_status="LC",
        creation_index=7,
        verified=True,
        created_by=creator,
        created_at=now(),
        **known,
    )
    registered = UserRegistered(
        id=creator,
        version=1,
        username="darwin",
        friend_code="DARWIN01",
        avatar=None,
        is_staff=False,
        is_superuser=False,
        is_active=True,
        created_at=now(),
    )
    async with db.transaction() as session:
        await handlers.remember_animal(created, session)
        await handlers.remember_user(registered, session)


@pytest.mark.parametrize(("saw", "outcome"), [(True, "uncertain"), (False, "no_animal")])
async def test_completion_without_animals(
    client: httpx.AsyncClient,
    headers: dict[str, str],
    db: Database,
    make_job: MakeJob,
    player: UUID,
    saw: bool,
    outcome: str,
) -> None:
    job_id = await make_job(jpeg(), user_id=player)
    await hear(db, job_id, await announce(db, job_id, saw_an_animal=saw))
    job = (await client.get(f"{JOBS}{job_id}/", headers=headers)).json()
    assert (job["status"], job["outcome"], job["detected_animals"]) == ("completed", outcome, [])
    assert (job["identified_animal"], job["animal_details"], job["confidence_score"]) == (None, None, None)


async def test_late_double_and_stale_answers_change_nothing(db: Database, make_job: MakeJob) -> None:
    job_id = await make_job(jpeg())
    await hear(db, job_id, 99, animal())
    assert (await job_of(db, job_id)).status == "pending"
    version = await announce(db, job_id)
    await hear(db, job_id, version - 1, animal())
    assert (await job_of(db, job_id)).status == "processing"
    first = animal()
    # Announced again meanwhile: the answer to either announcement is good.
    async with db.transaction() as session:
        (await session.get_one(AnalysisJob, job_id)).version = version + 1
    await hear(db, job_id, version, first)
    await hear(db, job_id, version + 1, animal())
    job = await job_of(db, job_id)
    assert (job.status, job.identified_animal) == ("completed", first.animal_id)
    await hear(db, uuid4(), 1, animal())


async def test_select_animal(
    client: httpx.AsyncClient, headers: dict[str, str], db: Database, make_job: MakeJob, player: UUID
) -> None:
    job_id = await make_job(jpeg(), user_id=player)
    path = f"{JOBS}{job_id}/select_animal/"

    async def choose(**body: Any) -> tuple[int, Any]:
        answer = await client.post(path, headers=headers, json=body)
        return answer.status_code, answer.json()

    def error(text: str) -> dict[str, str]:
        return {"error": text, "detail": text}

    assert await choose(animal_index=0) == (400, error("No animals detected in this job"))
    dog, fox = animal(), animal(creation_index=9, accepted_scientific_name="Vulpes vulpes")
    await hear(db, job_id, await announce(db, job_id), dog, fox)
    assert await choose() == (400, error("Either animal_index or animal_id must be provided"))
    for index in (2, -1, 10**9):
        assert await choose(animal_index=index) == (400, error("Invalid animal_index. Must be 0-1"))
    for wrong in ("x", 0.5, True, [], {}):
        status, body = await choose(animal_index=wrong)
        assert (status, body["animal_index"]) == (400, ["A valid integer is required."])
    assert await choose(animal_id=str(uuid4())) == (404, error("Animal ID not found in detected animals"))
    assert (await choose(animal_id="zz"))[0] == 400
    for body in ({"animal_index": 1.0}, {"animal_id": str(fox.animal_id)}):
        status, job = await choose(**body)
        assert status == 200
        assert (job["selected_animal_index"], job["identified_animal"]) == (1, str(fox.animal_id))
        assert job["animal_details"]["creation_index"] == 9


async def test_retry(
    client: httpx.AsyncClient, headers: dict[str, str], db: Database, make_job: MakeJob, player: UUID
) -> None:
    failed = {"user_id": player, "status": "failed", "run_at": None, "retry_count": 3, "completed_at": now()}
    text = "Only failed jobs can be retried"
    pending = await make_job(jpeg(), user_id=player)
    answer = await client.post(f"{JOBS}{pending}/retry/", headers=headers)
    assert (answer.status_code, answer.json()) == (400, {"error": text, "detail": text})

    job_id = await make_job(jpeg(), **failed, error_message="No.", image_conversion_status="failed")
    for transformations in ("{", {"rotation": 5}):
        bad = await client.post(f"{JOBS}{job_id}/retry/", headers=headers, json={"transformations": transformations})
        assert bad.status_code == 400
    answer = await client.post(f"{JOBS}{job_id}/retry/", headers=headers)
    job = answer.json()
    assert answer.status_code == 200
    assert (job["status"], job["error_message"], job["retry_count"]) == ("pending", "", 0)
    assert (job["image_conversion_status"], job["completed_at"]) == ("pending", None)
    assert (await job_of(db, job_id)).run_at is not None

    turned = await make_job(jpeg(), **failed, image_conversion_status="completed", raw_response={"content": "x"})
    body = {"transformations": '{"rotation": 90}'}
    assert (await client.post(f"{JOBS}{turned}/retry/", headers=headers, json=body)).status_code == 200
    again = await job_of(db, turned)
    assert (again.transformations, again.image_conversion_status, again.raw_response) == (
        {"rotation": 90},
        "pending",
        None,
    )


async def test_lists_and_stats(
    client: httpx.AsyncClient, headers: dict[str, str], make_job: MakeJob, player: UUID
) -> None:
    made = {}
    for minute, status in enumerate(("pending", "processing", "completed", "failed")):
        made[status] = await make_job(
            jpeg(),
            user_id=player,
            status=status,
            created_at=now() - timedelta(minutes=minute),
            completed_at=now() if status in ("completed", "failed") else None,
            cost_usd="0.0125" if status == "completed" else None,
            processing_time=2.5 if status == "completed" else None,
            cv_method="openai" if status == "failed" else "fallback",
        )
    await make_job(jpeg(), status="completed")

    async def ids(query: str) -> list[str]:
        answer = await client.get(JOBS + query, headers=headers)
        assert answer.status_code == 200, answer.text
        return [item["id"] for item in answer.json()["results"]]

    newest_first = [str(job_id) for job_id in made.values()]
    assert await ids("") == newest_first
    assert await ids("?ordering=created_at") == newest_first[::-1]
    assert (await ids("?ordering=-completed_at"))[0] == str(made["failed"])
    assert await ids("?ordering=nonsense") == newest_first
    assert await ids("?status=completed") == [str(made["completed"])]
    assert await ids("?cv_method=openai") == [str(made["failed"])]
    for status in ("pending", "processing", "completed", "failed"):
        assert await ids(f"{status}/") == [str(made[status])]
    page = (await client.get(JOBS, headers=headers)).json()
    assert (page["count"], page["next"], page["previous"]) == (4, None, None)
    assert page["results"][2] == {
        "id": str(made["completed"]),
        "status": "completed",
        "parsed_prediction": "",
        "identified_animal": None,
        "cost_usd": "0.012500",
        "created_at": page["results"][2]["created_at"],
        "completed_at": page["results"][2]["completed_at"],
    }
    assert set((await client.get(f"{JOBS}pending/", headers=headers)).json()) == {"count", "results"}
    bad = await client.get(f"{JOBS}?status=zz", headers=headers)
    assert bad.json()["status"] == ["Select a valid choice. zz is not one of the available choices."]
    assert (await client.get(f"{JOBS}stats/", headers=headers)).json() == {
        "total_jobs": 4,
        "pending": 1,
        "processing": 1,
        "completed": 1,
        "failed": 1,
        "total_cost_usd": 0.0125,
        "avg_processing_time": 2.5,
    }


async def test_stats_of_a_newcomer(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    stats = (await client.get(f"{JOBS}stats/", headers=headers)).json()
    assert (stats["total_jobs"], stats["total_cost_usd"], stats["avg_processing_time"]) == (0, 0.0, None)
