"""B5: what the methods of identification cost, and what happens to one that cannot be used."""

from datetime import datetime

from deploy.local.player import Player
from tests.answers import Ask, Json
from tests.contract.captures import looked_at
from tests.contract.objects_of_vision import JOB
from tests.shapes import fits


async def test_without_a_key_the_model_fails_at_once_and_says_why(ask: Ask, ada: Player) -> None:
    """No attempt can make it better, so there are no more of them; and no internals are told."""
    job = await looked_at(ask, ada, cv_method="openai")
    fits(job, JOB)
    assert (job["status"], job["detected_animals"], job["outcome"]) == ("failed", [], None)
    assert "key" in job["error_message"]
    assert not any(word in job["error_message"] for word in ("Traceback", "sk-", "/", "Error("))
    began, ended = (datetime.fromisoformat(job[name]) for name in ("created_at", "completed_at"))
    # The first pause between attempts alone would be five seconds.
    assert (ended - began).total_seconds() < 5
    assert job["retry_count"] <= 1


async def test_the_offline_identifier_costs_nothing(koala_job: Json) -> None:
    assert koala_job["cv_method"] == "fallback"
    assert koala_job["cost_usd"] == "0.000000"
    assert (koala_job["input_tokens"], koala_job["output_tokens"]) in ((None, None), (0, 0))
