"""V8: the player says which of the detected animals it was."""

from typing import Any

import pytest

from deploy.local.player import Player
from tests.answers import Ask, Json, body_of, refused
from tests.contract.captures import looked_at
from tests.contract.circle import Circle
from tests.contract.objects_of_vision import JOB
from tests.shapes import fits


def path_of(job: Json) -> str:
    return f"/vision/jobs/{job['id']}/select_animal/"


async def test_by_index_and_by_id(ask: Ask, circle: Circle, koala_job: Json) -> None:
    koala = koala_job["detected_animals"][0]["animal_id"]
    for body in ({"animal_index": 0}, {"animal_index": 0.0}, {"animal_id": koala}):
        job = body_of(await ask(circle.owner, "POST", path_of(koala_job), json=body))
        fits(job, JOB)
        assert (job["selected_animal_index"], job["identified_animal"]) == (0, koala)
        assert job["animal_details"]["id"] == koala
        koala_job.update(job)


@pytest.mark.parametrize("index", [1, -1, 99, 1e15])
async def test_an_index_out_of_range(ask: Ask, circle: Circle, koala_job: Json, index: float) -> None:
    answer = await ask(circle.owner, "POST", path_of(koala_job), json={"animal_index": index})
    refused(answer, 400, {"error": "Invalid animal_index. Must be 0-0"})


@pytest.mark.parametrize("index", [0.5, True, "first", [0], {}])
async def test_an_index_that_is_no_integer(ask: Ask, circle: Circle, koala_job: Json, index: Any) -> None:
    answer = await ask(circle.owner, "POST", path_of(koala_job), json={"animal_index": index})
    refused(answer, 400, {"animal_index": ["A valid integer is required."]})


async def test_neither(ask: Ask, circle: Circle, koala_job: Json) -> None:
    answer = await ask(circle.owner, "POST", path_of(koala_job), json={})
    refused(answer, 400, {"error": "Either animal_index or animal_id must be provided"})


async def test_an_animal_that_was_not_detected(ask: Ask, circle: Circle, koala_job: Json) -> None:
    other = circle.animals["public"]["id"]
    answer = await ask(circle.owner, "POST", path_of(koala_job), json={"animal_id": other})
    refused(answer, 404, {"error": "Animal ID not found in detected animals"})


async def test_nothing_to_choose_from(ask: Ask, ada: Player) -> None:
    job = await looked_at(ask, ada)
    answer = await ask(ada, "POST", path_of(job), json={"animal_index": 0})
    refused(answer, 400, {"error": "No animals detected in this job"})


async def test_somebody_elses_job(ask: Ask, circle: Circle, koala_job: Json) -> None:
    answer = await ask(circle.friend, "POST", path_of(koala_job), json={"animal_index": 0})
    refused(answer, 404, {"detail": "No AnalysisJob matches the given query."})
