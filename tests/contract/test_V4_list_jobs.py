"""V4, V5, V6, V9: a player's own jobs, listed, sorted, filtered and counted."""

import pytest

from deploy.local.player import Player
from tests.answers import Ask, Json, body_of, refused
from tests.contract.captures import looked_at
from tests.contract.objects_of_vision import JOB_ITEM, LISTED_JOBS
from tests.mesh import NewPlayer
from tests.shapes import fits, nullable, number, page_of


async def test_lists_and_counts(ask: Ask, new_player: NewPlayer) -> None:
    """One player, two completed jobs and a failed one."""
    eve = await new_player("eve")
    done = [await looked_at(ask, eve), await looked_at(ask, eve)]
    failed = await looked_at(ask, eve, cv_method="openai")
    assert [job["status"] for job in (*done, failed)] == ["completed", "completed", "failed"]

    everything = body_of(await ask(eve, "GET", "/vision/jobs/"))
    fits(everything, page_of(JOB_ITEM))
    assert _ids(everything) == [failed["id"], done[1]["id"], done[0]["id"]]
    oldest_first = body_of(await ask(eve, "GET", "/vision/jobs/?ordering=created_at,nonsense"))
    assert _ids(oldest_first) == [done[0]["id"], done[1]["id"], failed["id"]]
    by_end = body_of(await ask(eve, "GET", "/vision/jobs/?ordering=-completed_at"))
    assert _ids(by_end) == [failed["id"], done[1]["id"], done[0]["id"]]

    assert _ids(body_of(await ask(eve, "GET", "/vision/jobs/?status=failed"))) == [failed["id"]]
    assert _ids(body_of(await ask(eve, "GET", "/vision/jobs/?cv_method=openai"))) == [failed["id"]]
    assert _ids(body_of(await ask(eve, "GET", "/vision/jobs/?cv_method=fallback&status=failed"))) == []

    completed = body_of(await ask(eve, "GET", "/vision/jobs/completed/"))
    fits(completed, page_of(JOB_ITEM))
    assert _ids(completed) == [done[1]["id"], done[0]["id"]]
    for status, expected in (("pending", []), ("processing", []), ("failed", [failed["id"]])):
        listed = body_of(await ask(eve, "GET", f"/vision/jobs/{status}/"))
        fits(listed, LISTED_JOBS)
        assert set(listed) == {"count", "results"}
        assert (listed["count"], _ids(listed)) == (len(expected), expected)

    stats = body_of(await ask(eve, "GET", "/vision/jobs/stats/"))
    fits(stats, {"total_cost_usd": number, "avg_processing_time": number})
    counts = {"total_jobs": 3, "pending": 0, "processing": 0, "completed": 2, "failed": 1}
    assert {name: stats[name] for name in counts} == counts
    assert stats["total_cost_usd"] == 0


def _ids(listed: Json) -> list[str]:
    return [each["id"] for each in listed["results"]]


async def test_a_player_without_jobs(ask: Ask, new_player: NewPlayer) -> None:
    eve = await new_player("eve")
    empty = {"count": 0, "next": None, "previous": None, "results": []}
    for path in ("/vision/jobs/", "/vision/jobs/completed/"):
        assert body_of(await ask(eve, "GET", path)) == empty
    for path in ("/vision/jobs/pending/", "/vision/jobs/processing/", "/vision/jobs/failed/"):
        assert body_of(await ask(eve, "GET", path)) == {"count": 0, "results": []}
    stats = body_of(await ask(eve, "GET", "/vision/jobs/stats/"))
    fits(stats, {"total_jobs": int, "total_cost_usd": number, "avg_processing_time": nullable(number)})
    assert (stats["total_jobs"], stats["total_cost_usd"], stats["avg_processing_time"]) == (0, 0, None)


@pytest.mark.parametrize("field", ["status", "cv_method"])
async def test_a_choice_that_is_none(ask: Ask, ada: Player, field: str) -> None:
    answer = await ask(ada, "GET", f"/vision/jobs/?{field}=zz")
    refused(answer, 400, {field: ["Select a valid choice. zz is not one of the available choices."]})


@pytest.mark.parametrize("path", ["/vision/jobs/", "/vision/jobs/completed/"])
async def test_a_page_that_is_none(ask: Ask, ada: Player, path: str) -> None:
    refused(await ask(ada, "GET", f"{path}?page=99"), 404, {"detail": "Invalid page."})


@pytest.mark.parametrize("tail", ["", "completed/", "pending/", "processing/", "failed/", "stats/"])
async def test_nobody_has_jobs(ask: Ask, tail: str) -> None:
    answer = await ask(None, "GET", f"/vision/jobs/{tail}")
    refused(answer, 401, {"detail": "Authentication credentials were not provided."})
