"""V2: a job is made from a conversion or from an upload; a refusal leaves nothing behind."""

import asyncio
from typing import Any

import pytest

from deploy.local.player import Player
from tests.answers import Ask, Json, body_of, refused
from tests.contract.aging import Aged
from tests.contract.captures import new_picture
from tests.contract.objects_of_vision import JOB
from tests.contract.pictures import as_file, plain
from tests.contract.test_I1_convert import convert
from tests.mesh import NewPlayer
from tests.shapes import fits

PATH = "/vision/jobs/"
UNKNOWN = "00000000-0000-4000-8000-000000000000"


async def test_from_a_conversion(ask: Ask, ada: Player) -> None:
    conversion = await convert(ask, ada, new_picture())
    job = body_of(await ask(ada, "POST", PATH, json={"conversion_id": conversion["id"]}), 201)
    fits(job, JOB)
    assert job["status"] in ("pending", "processing")
    assert job["source_conversion"] == job["conversion_id"] == conversion["id"]
    assert job["image"] is None
    assert job["image_conversion_status"] == "completed"
    assert (job["post_conversion_transformations"], job["error_message"]) == ({}, "")
    await ada.finished(job["id"])


async def test_from_an_upload(ask: Ask, ada: Player) -> None:
    job = body_of(await ask(ada, "POST", PATH, files=as_file(new_picture())), 201)
    fits(job, JOB)
    assert job["source_conversion"] is None
    assert "conversion_id" not in job
    await ada.finished(job["id"])


async def test_the_rotation_of_the_conversion_is_stored_only(ask: Ask, ada: Player) -> None:
    conversion = await convert(ask, ada, plain((1, 2, 3), 60, 40), {"rotation": 90})
    body = {"conversion_id": conversion["id"], "post_conversion_transformations": {"rotation": 90.0}}
    job = body_of(await ask(ada, "POST", PATH, json=body), 201)
    assert job["post_conversion_transformations"] == {"rotation": 90.0}
    done = await ada.finished(job["id"])
    before = await ask(ada, "GET", f"/images/convert/{conversion['id']}/download/")
    after = await ask(ada, "GET", f"/vision/jobs/{done['id']}/dex-image/")
    assert after.content == before.content


async def test_a_repeat_while_it_runs_is_the_same_job(ask: Ask, ada: Player) -> None:
    """Then, when it has ended, the conversion may be used once more."""
    conversion = await convert(ask, ada, new_picture())
    body = {"conversion_id": conversion["id"]}
    answers = await asyncio.gather(*(ask(ada, "POST", PATH, json=body) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    first = {body_of(answer, answer.status_code)["id"] for answer in answers}
    assert len(first) == 1
    await ada.finished(first.pop())
    again = body_of(await ask(ada, "POST", PATH, json=body), 201)
    assert again["id"] not in first
    await ada.finished(again["id"])


async def test_an_upload_that_is_sent_again_while_it_runs_is_the_same_job(ask: Ask, ada: Player, ben: Player) -> None:
    """The game repeats what timed out; a form with the picture is always answered with 201."""
    files = as_file(new_picture())
    answers = await asyncio.gather(*(ask(ada, "POST", PATH, files=files) for _ in range(4)))
    first = {body_of(answer, 201)["id"] for answer in answers}
    assert len(first) == 1
    other = body_of(await ask(ben, "POST", PATH, files=files), 201)["id"]
    await ben.finished(other)
    await ada.finished(*first)
    again = body_of(await ask(ada, "POST", PATH, files=files), 201)["id"]
    assert len({*first, other, again}) == 3
    await ada.finished(again)


async def test_the_servers_defaults(ask: Ask, ada: Player) -> None:
    job = body_of(await ask(ada, "POST", PATH, files=as_file(new_picture())), 201)
    assert (job["cv_method"], job["model_name"], job["detail_level"]) == ("fallback", "gpt-4o", "auto")
    await ada.finished(job["id"])


async def test_what_is_on_the_lists_is_taken(ask: Ask, ada: Player) -> None:
    options = {"cv_method": "fallback", "model_name": "gpt-4o", "detail_level": "low"}
    job = body_of(await ask(ada, "POST", PATH, files=as_file(new_picture()), data=options), 201)
    assert {name: job[name] for name in options} == options
    await ada.finished(job["id"])


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({}, {"non_field_errors": ["Either conversion_id or image must be provided"]}),
        ({"conversion_id": "koala"}, {"conversion_id": ["Must be a valid UUID."]}),
        ({"conversion_id": 7}, {"conversion_id": ["Must be a valid UUID."]}),
        ({"conversion_id": UNKNOWN}, {"non_field_errors": ["Invalid conversion_id or conversion not found"]}),
        ({"conversion_id": UNKNOWN, "cv_method": "zzz"}, {"cv_method": ['"zzz" is not a valid choice.']}),
        ({"conversion_id": UNKNOWN, "model_name": "gpt-9"}, {"model_name": ['"gpt-9" is not a valid choice.']}),
        ({"conversion_id": UNKNOWN, "detail_level": "hi"}, {"detail_level": ['"hi" is not a valid choice.']}),
        (
            {"conversion_id": UNKNOWN, "model_name": "g" * 101},
            {"model_name": ["Ensure this field has no more than 100 characters."]},
        ),
        (
            {"conversion_id": UNKNOWN, "detail_level": "g" * 21},
            {"detail_level": ["Ensure this field has no more than 20 characters."]},
        ),
    ],
)
async def test_refused_bodies(ask: Ask, new_player: NewPlayer, body: Json, refusal: Json) -> None:
    eve = await new_player("eve")
    refused(await ask(eve, "POST", PATH, json=body), 400, refusal)
    assert (await eve.get(PATH))["count"] == 0


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        ({"transformations": "{rotation"}, {"error": "Invalid transformations JSON"}),
        (
            {"transformations": '{"rotation": 45}'},
            {"transformations": ["Rotation must be one of: 0, 90, 180, 270."]},
        ),
        ({"cv_method": "guess"}, {"cv_method": ['"guess" is not a valid choice.']}),
    ],
)
async def test_refused_uploads_leave_no_job(ask: Ask, new_player: NewPlayer, data: Any, refusal: Json) -> None:
    eve = await new_player("eve")
    refused(await ask(eve, "POST", PATH, files=as_file(new_picture()), data=data), 400, refusal)
    bad = await ask(eve, "POST", PATH, files=as_file(b"no picture"))
    invalid = "Upload a valid image. The file you uploaded was either not an image or a corrupted image."
    refused(bad, 400, {"image": [invalid]})
    assert (await eve.get(PATH))["count"] == 0


async def test_somebody_elses_conversion(ask: Ask, ada: Player, ben: Player) -> None:
    conversion = await convert(ask, ada, new_picture())
    answer = await ask(ben, "POST", PATH, json={"conversion_id": conversion["id"]})
    refused(answer, 400, {"non_field_errors": ["Invalid conversion_id or conversion not found"]})


async def test_an_expired_conversion(ask: Ask, ada: Player, aged: Aged) -> None:
    conversion = await convert(ask, ada, new_picture())
    await aged("vision.image_conversions", "expires_at", conversion["id"], "31 minutes")
    answer = await ask(ada, "POST", PATH, json={"conversion_id": conversion["id"]})
    refused(answer, 400, {"non_field_errors": ["Image conversion has expired. Please upload again."]})
