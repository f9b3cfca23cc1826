"""V7: a failed job starts anew with all its attempts; no other job does."""

import pytest

from deploy.local.player import Player
from tests.answers import Ask, Json, body_of, refused
from tests.contract.captures import looked_at
from tests.contract.circle import Circle
from tests.contract.objects_of_vision import JOB
from tests.contract.pictures import corners, encoded, served, upright
from tests.shapes import fits


@pytest.fixture
async def failed_job(ask: Ask, ada: Player) -> Json:
    """Without a key the model cannot be asked, which no second attempt would change (contract B5)."""
    job = await looked_at(ask, ada, encoded(corners(), "PNG", optimize=True), cv_method="openai")
    assert job["status"] == "failed"
    return job


@pytest.mark.parametrize("body", [None, {}, {"transformations": {}}, {"transformations": '{"rotation": 0}'}])
async def test_it_is_pending_again(ask: Ask, ada: Player, failed_job: Json, body: Json | None) -> None:
    again = body_of(await ask(ada, "POST", f"/vision/jobs/{failed_job['id']}/retry/", json=body))
    fits(again, JOB)
    assert (again["id"], again["status"]) == (failed_job["id"], "pending")
    assert (again["error_message"], again["retry_count"], again["completed_at"]) == ("", 0, None)
    assert (await ada.finished(failed_job["id"]))["status"] == "failed"


async def test_new_transformations_make_a_new_picture_of_the_original(ask: Ask, ada: Player, failed_job: Json) -> None:
    assert upright(await served(failed_job["dex_compatible_url"])) == "RGBW"
    wish = {"transformations": {"rotation": 90.0}}
    body_of(await ask(ada, "POST", f"/vision/jobs/{failed_job['id']}/retry/", json=wish))
    turned = await ada.finished(failed_job["id"])
    assert turned["dex_compatible_url"] != failed_job["dex_compatible_url"]
    assert upright(await served(turned["dex_compatible_url"])) == "BRWG"


@pytest.mark.parametrize(
    ("transformations", "refusal"),
    [
        ("{rotation", {"error": "Invalid transformations JSON"}),
        ({"rotation": 45}, {"transformations": ["Rotation must be one of: 0, 90, 180, 270."]}),
    ],
)
async def test_bad_transformations_change_nothing(
    ask: Ask, ada: Player, failed_job: Json, transformations: object, refusal: Json
) -> None:
    path = f"/vision/jobs/{failed_job['id']}/"
    refused(await ask(ada, "POST", f"{path}retry/", json={"transformations": transformations}), 400, refusal)
    assert body_of(await ask(ada, "GET", path)) == failed_job


async def test_only_failed_jobs(ask: Ask, circle: Circle, koala_job: Json) -> None:
    answer = await ask(circle.owner, "POST", f"/vision/jobs/{koala_job['id']}/retry/", json={})
    refused(answer, 400, {"error": "Only failed jobs can be retried"})


async def test_only_ones_own(ask: Ask, ben: Player, failed_job: Json) -> None:
    answer = await ask(ben, "POST", f"/vision/jobs/{failed_job['id']}/retry/", json={})
    refused(answer, 404, {"detail": "No AnalysisJob matches the given query."})
