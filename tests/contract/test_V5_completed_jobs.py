"""V5: the completed ones of one's own jobs, in pages."""

from deploy.local.player import Player
from tests.answers import Ask, body_of, refused
from tests.contract.jobs_of_one import JobsOfOne, ids
from tests.contract.objects_of_vision import JOB_ITEM
from tests.mesh import NewPlayer
from tests.shapes import fits, page_of

PATH = "/vision/jobs/completed/"


async def test_completed_ones_only(ask: Ask, jobs_of_one: JobsOfOne) -> None:
    found = body_of(await ask(jobs_of_one.player, "GET", PATH))
    fits(found, page_of(JOB_ITEM))
    assert ids(found) == [jobs_of_one.second, jobs_of_one.first]
    assert {each["status"] for each in found["results"]} == {"completed"}


async def test_a_player_without_jobs(ask: Ask, new_player: NewPlayer) -> None:
    empty = {"count": 0, "next": None, "previous": None, "results": []}
    assert body_of(await ask(await new_player("eve"), "GET", PATH)) == empty


async def test_what_cannot_be_had(ask: Ask, ada: Player) -> None:
    refused(await ask(ada, "GET", f"{PATH}?page=99"), 404, {"detail": "Invalid page."})
    refused(await ask(None, "GET", PATH), 401, {"detail": "Authentication credentials were not provided."})
