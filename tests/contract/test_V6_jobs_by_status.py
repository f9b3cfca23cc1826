"""V6: one's own jobs that wait, are worked on or have failed, each list in one piece."""

import pytest

from tests.answers import Ask, body_of, refused
from tests.contract.jobs_of_one import JobsOfOne, ids
from tests.contract.objects_of_vision import LISTED_JOBS
from tests.mesh import NewPlayer
from tests.shapes import fits

STATUSES = ["pending", "processing", "failed"]


@pytest.mark.parametrize("status", STATUSES)
async def test_by_status(ask: Ask, jobs_of_one: JobsOfOne, status: str) -> None:
    found = body_of(await ask(jobs_of_one.player, "GET", f"/vision/jobs/{status}/"))
    fits(found, LISTED_JOBS)
    assert set(found) == {"count", "results"}
    assert ids(found) == ([jobs_of_one.failed] if status == "failed" else [])
    assert found["count"] == len(found["results"])


@pytest.mark.parametrize("status", STATUSES)
async def test_none(ask: Ask, new_player: NewPlayer, status: str) -> None:
    found = body_of(await ask(await new_player("eve"), "GET", f"/vision/jobs/{status}/"))
    assert found == {"count": 0, "results": []}
    answer = await ask(None, "GET", f"/vision/jobs/{status}/")
    refused(answer, 401, {"detail": "Authentication credentials were not provided."})
