"""V1: the job object, as the result card of the client reads it."""

from datetime import datetime

import pytest

from deploy.local.player import Player
from tests.answers import Ask, Json
from tests.contract.captures import looked_at
from tests.contract.circle import Circle
from tests.contract.objects_of_vision import JOB
from tests.contract.pictures import PHOTOS, served
from tests.shapes import fits


async def test_a_completed_job(circle: Circle, koala_job: Json) -> None:
    fits(koala_job, JOB)
    assert koala_job["status"] == "completed"
    assert koala_job["user"] == circle.owner.id
    assert koala_job["outcome"] == "identified"
    assert (koala_job["error_message"], koala_job["retry_count"]) == ("", 0)
    assert koala_job["cv_method"] == "fallback"
    assert koala_job["cost_usd"] in (None, "0.000000")


async def test_the_first_animal_is_the_one_on_the_card(koala_job: Json) -> None:
    first, details = koala_job["detected_animals"][0], koala_job["animal_details"]
    assert details["id"] == first["animal_id"] == koala_job["identified_animal"]
    assert details["creation_index"] == first["creation_index"] > 0
    assert details["scientific_name"] == first["accepted_scientific_name"]
    assert koala_job["selected_animal_index"] in (None, 0)


async def test_a_score_is_the_providers_own_or_none(koala_job: Json) -> None:
    first = koala_job["detected_animals"][0]
    assert koala_job["confidence_score"] == first["confidence"]
    assert (koala_job["score_kind"] == "none") == (first["confidence"] is None)
    if first["confidence"] is not None:
        assert 0 < first["confidence"] <= 1
        assert round(first["confidence"], 4) == first["confidence"]
    scores = [each["score"] for each in koala_job["suggestions"]]
    assert len(scores) <= 5
    assert scores == sorted(scores, reverse=True)


async def test_the_times_fit_together(koala_job: Json) -> None:
    created, started, completed = (
        datetime.fromisoformat(koala_job[name]) for name in ("created_at", "started_at", "completed_at")
    )
    assert created <= started <= completed
    assert koala_job["duration"] == pytest.approx((completed - created).total_seconds(), abs=1e-5)


async def test_conversion_id_is_absent_where_there_is_none(koala_job: Json) -> None:
    assert "conversion_id" not in koala_job
    assert koala_job["source_conversion"] is None
    assert (await served(koala_job["image"])).startswith(b"\x89PNG")
    assert (await served(koala_job["dex_compatible_url"])).startswith(b"\x89PNG")


async def test_no_animal_is_no_animal(ask: Ask, ada: Player) -> None:
    job = await looked_at(ask, ada)
    fits(job, JOB)
    assert (job["status"], job["outcome"], job["detected_animals"]) == ("completed", "no_animal", [])
    assert (job["identified_animal"], job["animal_details"], job["confidence_score"]) == (None, None, None)


async def test_what_is_above_a_genus_is_a_suggestion_only(ask: Ask, ada: Player) -> None:
    """The offline identifier does not know narwhals; it does not make one up (contract B5)."""
    job = await looked_at(ask, ada, (PHOTOS / "narwhal.webp").read_bytes())
    fits(job, JOB)
    assert job["detected_animals"] == []
    assert job["outcome"] in ("uncertain", "no_animal")
    if job["outcome"] == "uncertain":
        assert job["suggestions"]
