"""V4: a player's own jobs, listed, sorted and filtered."""

import pytest

from deploy.local.player import Player
from tests.answers import Ask, body_of, refused
from tests.contract.jobs_of_one import JobsOfOne, ids
from tests.contract.objects_of_vision import JOB_ITEM
from tests.shapes import fits, page_of


async def test_newest_first(ask: Ask, jobs_of_one: JobsOfOne) -> None:
    found = body_of(await ask(jobs_of_one.player, "GET", "/vision/jobs/"))
    fits(found, page_of(JOB_ITEM))
    assert ids(found) == [jobs_of_one.failed, jobs_of_one.second, jobs_of_one.first]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("ordering=created_at,nonsense", ["first", "second", "failed"]),
        ("ordering=-created_at", ["failed", "second", "first"]),
        ("ordering=-completed_at", ["failed", "second", "first"]),
        ("ordering=nonsense", ["failed", "second", "first"]),
        ("status=failed", ["failed"]),
        ("status=completed", ["second", "first"]),
        ("cv_method=openai", ["failed"]),
        ("cv_method=fallback&status=failed", []),
        ("status=", ["failed", "second", "first"]),
    ],
)
async def test_filters_and_order(ask: Ask, jobs_of_one: JobsOfOne, query: str, expected: list[str]) -> None:
    found = body_of(await ask(jobs_of_one.player, "GET", f"/vision/jobs/?{query}"))
    assert ids(found) == [getattr(jobs_of_one, name) for name in expected]
    assert found["count"] == len(expected)


@pytest.mark.parametrize("field", ["status", "cv_method"])
async def test_a_choice_that_is_none(ask: Ask, ada: Player, field: str) -> None:
    answer = await ask(ada, "GET", f"/vision/jobs/?{field}=zz")
    refused(answer, 400, {field: ["Select a valid choice. zz is not one of the available choices."]})


async def test_a_page_that_is_none(ask: Ask, ada: Player) -> None:
    refused(await ask(ada, "GET", "/vision/jobs/?page=99"), 404, {"detail": "Invalid page."})


async def test_nobody_elses(ask: Ask, jobs_of_one: JobsOfOne, ben: Player, staff: Player) -> None:
    for other in (ben, staff):
        found = body_of(await ask(other, "GET", "/vision/jobs/"))
        assert not {jobs_of_one.first, jobs_of_one.second, jobs_of_one.failed} & set(ids(found))
    refused(await ask(None, "GET", "/vision/jobs/"), 401, {"detail": "Authentication credentials were not provided."})
