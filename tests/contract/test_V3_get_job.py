"""V3: a job is polled by its owner, and exists for nobody else."""

import time

import pytest

from deploy.local.player import Player
from tests.answers import Ask, Json, body_of, refused
from tests.contract.circle import Circle
from tests.contract.objects_of_vision import JOB
from tests.shapes import fits


async def test_its_owner_polls_it(ask: Ask, circle: Circle, koala_job: Json) -> None:
    began = time.monotonic()
    job = body_of(await ask(circle.owner, "GET", f"/vision/jobs/{koala_job['id']}/"))
    assert time.monotonic() - began < 2
    fits(job, JOB)
    assert job == koala_job


@pytest.mark.parametrize("role", ["friend", "stranger", "staff"])
async def test_nobody_else(ask: Ask, circle: Circle, koala_job: Json, role: str) -> None:
    answer = await ask(circle.player(role), "GET", f"/vision/jobs/{koala_job['id']}/")
    refused(answer, 404, {"detail": "No AnalysisJob matches the given query."})


@pytest.mark.parametrize(
    ("job_id", "detail"),
    [
        ("00000000-0000-4000-8000-000000000000", "No AnalysisJob matches the given query."),
        ("koala", "Not found."),
        ("17", "Not found."),
    ],
)
async def test_ids_of_nothing(ask: Ask, ada: Player, job_id: str, detail: str) -> None:
    refused(await ask(ada, "GET", f"/vision/jobs/{job_id}/"), 404, {"detail": detail})
