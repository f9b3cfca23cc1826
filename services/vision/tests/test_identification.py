"""A claimed job on its way to its names, with both providers (contract B2, B4-B6)."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import select

from libs.common.blobs import Blobs
from libs.common.db import Database
from libs.contracts.vision import ImageIdentified
from services.vision import queue
from services.vision.identification import Laboratory, identify
from services.vision.models import AnalysisJob, Picture, ProviderCall
from services.vision.providers.openai import OpenAIProvider
from services.vision.queue import Claim, LeaseLost
from services.vision.runner import Runner
from services.vision.tests.conftest import MakeJob, events, job_of
from services.vision.tests.samples import decoded, jpeg, photo, png
from tests.fakes.model_server import ModelServer
from tests.fakes.model_steps import Fail, Hang, Raw, Say, Trickle

GOOD = Say("Bison bison (American bison)", prompt_tokens=900, completion_tokens=20)


async def next_claim(lab: Laboratory) -> Claim:
    async with asyncio.timeout(5):
        while True:
            async with lab.db.transaction() as session:
                if (found := await queue.claim(session, 30.0)) is not None:
                    return found
            await asyncio.sleep(0.01)


async def work_off(lab: Laboratory, job_id: UUID) -> AnalysisJob:
    """Lets a worker do the job, attempts and all, until vision's part of it is over."""
    worker = Runner(lab, asyncio.Event())
    while True:
        await worker.do(await next_claim(lab))
        job = await job_of(lab.db, job_id)
        if job.run_at is None:
            return job


async def bills(db: Database) -> list[ProviderCall]:
    async with db.reading() as session:
        return list(await session.scalars(select(ProviderCall).order_by(ProviderCall.started_at)))


async def test_offline_from_upload_to_names(lab: Laboratory, make_job: MakeJob, blobs: Blobs) -> None:
    job = await work_off(lab, await make_job(photo("bison")))
    assert (job.status, job.image_conversion_status) == ("processing", "completed")
    assert (job.version, job.announced_version, job.lease_token) == (2, 2, None)
    assert (job.cost_usd, job.input_tokens, job.score_kind) == (Decimal(0), None, "raw")
    assert job.processing_time is not None
    [told] = await events(lab.db)
    assert told["subject"] == ImageIdentified.subject
    event = ImageIdentified.model_validate(told)
    assert (event.id, event.version, event.provider, event.model) == (job.id, 2, "fallback", "efficientnet-lite0")
    [name] = event.names
    assert (name.scientific_name, name.common_name) == ("Bison", "Bison")
    assert name.score is not None
    assert event.picture is not None
    key = event.picture.url.removeprefix("http://testserver/")
    assert decoded(await blobs.get(key)).size == (event.picture.width, event.picture.height)


async def test_above_a_genus_nothing_is_named(lab: Laboratory, make_job: MakeJob) -> None:
    job = await work_off(lab, await make_job(photo("hedgehog")))
    assert job.names == []
    assert job.saw_an_animal
    assert job.suggestions[0]["rank"] == "order"
    assert (await events(lab.db))[0]["names"] == []


async def test_standard_png_is_unnecessary_to_convert(lab: Laboratory, make_job: MakeJob, blobs: Blobs) -> None:
    original = png()
    job = await work_off(lab, await make_job(original))
    assert job.image_conversion_status == "unnecessary"
    async with lab.db.reading() as session:
        picture = await session.get_one(Picture, job.picture_id)
    assert await blobs.get(picture.key) == original


async def test_transformations_of_the_job_are_applied(lab: Laboratory, make_job: MakeJob) -> None:
    job = await work_off(lab, await make_job(jpeg(64, 48), transformations={"rotation": 90}))
    async with lab.db.reading() as session:
        picture = await session.get_one(Picture, job.picture_id)
    assert (picture.width, picture.height) == (48, 64)


async def test_undecodable_upload_fails_at_once(lab: Laboratory, make_job: MakeJob) -> None:
    job = await work_off(lab, await make_job(b"no picture at all"))
    assert (job.status, job.image_conversion_status, job.retry_count) == ("failed", "failed", 1)
    assert job.error_message == "The image could not be read."
    assert [event["reason"] for event in await events(lab.db)] == ["undecodable"]


async def test_after_a_failed_conversion_the_model_still_sees_it(
    lab: Laboratory, make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    from services.vision.decoder import Decoder
    from services.vision.pictures import Undecodable

    async def out_of_memory(*_: object) -> None:
        raise Undecodable

    monkeypatch.setattr(Decoder, "standardize", out_of_memory)
    job = await work_off(lab, await make_job(photo("panda")))
    assert (job.status, job.image_conversion_status, job.picture_id) == ("processing", "failed", None)
    [event] = await events(lab.db)
    assert event["picture"] is None
    assert [name["scientific_name"] for name in event["names"]] == ["Ailuropoda melanoleuca"]


async def test_openai_is_shown_a_jpeg_and_its_bill_is_kept(
    lab: Laboratory, make_job: MakeJob, model: ModelServer
) -> None:
    model.will(GOOD)
    job = await work_off(lab, await make_job(jpeg(3000, 2000), cv_method="openai", detail_level="low"))
    assert [name["scientific_name"] for name in job.names] == ["Bison bison"]
    assert (job.input_tokens, job.output_tokens, job.cost_usd) == (900, 20, Decimal("0.002450"))
    assert (job.parsed_prediction, job.score_kind) == ("Bison bison (American bison)", "none")
    assert job.raw_response is not None
    assert job.raw_response["content"] == "Bison bison (American bison)"
    [call] = model.calls
    assert (call.model, call.token_limit, call.detail, call.mime) == (
        "gpt-4o",
        {"max_tokens": 300},
        "low",
        "image/jpeg",
    )
    assert call.authorization == "Bearer sk-test-key"
    assert "NO ANIMALS FOUND" in call.prompt
    shown = decoded(call.picture)
    assert (shown.format, max(shown.size)) == ("JPEG", 2048)
    [bill] = await bills(lab.db)
    assert (bill.result, bill.cost_usd, str(bill.id)) == ("answered", Decimal("0.002450"), call.idempotency_key)


async def test_reasoning_models_get_their_own_token_parameter(
    lab: Laboratory, make_job: MakeJob, model: ModelServer
) -> None:
    model.will(GOOD)
    await work_off(lab, await make_job(jpeg(), cv_method="openai", model_name="gpt-5-mini"))
    assert model.calls[0].token_limit == {"max_completion_tokens": 300}


@pytest.mark.parametrize(
    "trouble",
    [Fail(500), Fail(503), Fail(529), Fail(429, "rate_limit_exceeded"), Hang(30), Trickle(0.1), Raw(b"<html>")],
)
async def test_passing_trouble_is_tried_again(
    lab: Laboratory, make_job: MakeJob, model: ModelServer, trouble: object
) -> None:
    model.will(trouble, GOOD)  # type: ignore[arg-type]
    job = await work_off(lab, await make_job(jpeg(), cv_method="openai"))
    assert (job.status, job.retry_count, len(model.calls), len(model.bills)) == ("processing", 1, 2, 1)
    assert [name["scientific_name"] for name in job.names] == ["Bison bison"]
    assert job.cost_usd == Decimal("0.002450")


async def test_three_attempts_then_failed_without_secrets(
    lab: Laboratory, make_job: MakeJob, model: ModelServer
) -> None:
    model.will(*[Fail(500)] * 3)
    job = await work_off(lab, await make_job(jpeg(), cv_method="openai"))
    assert (job.status, job.retry_count, len(model.calls)) == ("failed", 3, 3)
    assert job.error_message == "The identification service did not answer. Please try again later."
    assert [event["reason"] for event in await events(lab.db)] == ["provider_error"]
    assert job.completed_at is not None


@pytest.mark.parametrize(
    "refusal", [Fail(401, "invalid_api_key"), Fail(400), Fail(404), Fail(429, "insufficient_quota")]
)
async def test_a_refusal_is_final(lab: Laboratory, make_job: MakeJob, model: ModelServer, refusal: Fail) -> None:
    model.will(refusal)
    job = await work_off(lab, await make_job(jpeg(), cv_method="openai"))
    assert (job.status, len(model.calls)) == ("failed", 1)
    assert "sk-" not in job.error_message
    assert "/etc" not in job.error_message


async def test_without_a_key_the_job_fails_at_once(lab: Laboratory, make_job: MakeJob, model: ModelServer) -> None:
    keyless = OpenAIProvider(api_key="", base_url=model.url, timeout_seconds=1.0)
    lab = replace(lab, providers={**lab.providers, "openai": keyless})
    job = await work_off(lab, await make_job(jpeg(), cv_method="openai"))
    assert (job.status, job.retry_count, model.calls) == ("failed", 1, [])
    assert job.error_message == "The selected method needs an API key, and none is configured."
    assert [event["reason"] for event in await events(lab.db)] == ["not_configured"]


async def test_empty_answers_cost_and_in_the_end_mean_no_animals(
    lab: Laboratory, make_job: MakeJob, model: ModelServer
) -> None:
    model.will(*[Say(text, 100, 300, "length") for text in ("", None, "  ")])
    job = await work_off(lab, await make_job(jpeg(), cv_method="openai"))
    assert (job.status, job.names, job.saw_an_animal, len(model.bills)) == ("processing", [], False, 3)
    assert (job.input_tokens, job.output_tokens, job.cost_usd) == (300, 900, Decimal("0.009750"))
    assert [event["subject"] for event in await events(lab.db)] == ["image.identified"]


async def test_an_empty_answer_is_asked_again(lab: Laboratory, make_job: MakeJob, model: ModelServer) -> None:
    model.will(Say("", 100, 300), GOOD)
    job = await work_off(lab, await make_job(jpeg(), cv_method="openai"))
    assert [name["scientific_name"] for name in job.names] == ["Bison bison"]
    assert (job.input_tokens, job.output_tokens) == (1000, 320)


async def test_an_answer_that_was_paid_for_is_never_asked_for_again(
    lab: Laboratory, make_job: MakeJob, model: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    model.will(GOOD)
    job_id = await make_job(jpeg(), cv_method="openai")

    def crash(*_: object) -> None:
        raise KeyboardInterrupt  # as abrupt as a kill: nothing catches it

    with monkeypatch.context() as patch:
        patch.setattr(OpenAIProvider, "read", crash)
        with pytest.raises(KeyboardInterrupt):
            await identify(lab, await next_claim(lab))
    assert (await job_of(lab.db, job_id)).raw_response is not None
    async with lab.db.transaction() as session:
        job = await session.get_one(AnalysisJob, job_id)
        queue.let_go(job)
        job.run_at = job.created_at
    job = await work_off(lab, job_id)
    assert [name["scientific_name"] for name in job.names] == ["Bison bison"]
    assert (len(model.calls), job.cost_usd) == (1, Decimal("0.002450"))


async def test_a_call_whose_end_nobody_knows_is_repeated_under_its_key(
    lab: Laboratory, make_job: MakeJob, model: ModelServer
) -> None:
    model.will(GOOD)
    job_id = await make_job(jpeg(), cv_method="openai")
    async with lab.db.transaction() as session:
        call = ProviderCall(job_id=job_id, model="gpt-4o")
        session.add(call)
    await work_off(lab, job_id)
    assert [made.idempotency_key for made in model.calls] == [str(call.id)]
    assert [bill.result for bill in await bills(lab.db)] == ["answered"]


async def test_who_lost_the_lease_changes_nothing(lab: Laboratory, make_job: MakeJob) -> None:
    job_id = await make_job(jpeg())
    slow = await next_claim(lab)
    async with lab.db.transaction() as session:
        job = await session.get_one(AnalysisJob, job_id)
        queue.let_go(job)
        job.run_at = job.created_at
    with pytest.raises(LeaseLost):
        await identify(lab, slow)
    assert await events(lab.db) == []
    assert (await job_of(lab.db, job_id)).picture_id is None


async def test_a_new_picture_of_a_job_is_told(lab: Laboratory, make_job: MakeJob) -> None:
    job_id = await make_job(jpeg(64, 48))
    first = await work_off(lab, job_id)
    async with lab.db.transaction() as session:
        job = await session.get_one(AnalysisJob, job_id)
        job.run_at, job.image_conversion_status = job.created_at, "pending"
        job.raw_response, job.transformations = None, {"rotation": 90}
    again = await work_off(lab, job_id)
    assert again.picture_id != first.picture_id
    assert [(event["subject"], event["version"]) for event in await events(lab.db)] == [
        ("image.identified", 2),
        ("image.replaced", 3),
        ("image.identified", 4),
    ]
    assert again.announced_version == 4
