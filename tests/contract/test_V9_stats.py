"""V9: one's own jobs, counted, and what they cost."""

from tests.answers import Ask, body_of, refused
from tests.contract.jobs_of_one import JobsOfOne
from tests.mesh import NewPlayer
from tests.shapes import fits, nullable, number

PATH = "/vision/jobs/stats/"
COUNTS = ("total_jobs", "pending", "processing", "completed", "failed")
STATS = {**dict.fromkeys(COUNTS, int), "total_cost_usd": number, "avg_processing_time": nullable(number)}


async def test_counts(ask: Ask, jobs_of_one: JobsOfOne) -> None:
    found = body_of(await ask(jobs_of_one.player, "GET", PATH))
    fits(found, STATS)
    assert [found[name] for name in COUNTS] == [3, 0, 0, 2, 1]
    assert found["total_cost_usd"] == 0
    assert found["avg_processing_time"] > 0


async def test_a_player_without_jobs(ask: Ask, new_player: NewPlayer) -> None:
    found = body_of(await ask(await new_player("eve"), "GET", PATH))
    fits(found, STATS)
    assert found == dict.fromkeys(COUNTS, 0) | {"total_cost_usd": 0, "avg_processing_time": None}


async def test_nobody(ask: Ask) -> None:
    refused(await ask(None, "GET", PATH), 401, {"detail": "Authentication credentials were not provided."})
