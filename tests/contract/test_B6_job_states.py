"""B6: a job goes forward only, through four words, and ends within the time that the client waits."""

from deploy.local.player import Player
from tests.answers import Ask, Json, body_of
from tests.contract.captures import looked_at, new_picture
from tests.contract.objects_of_vision import JOB
from tests.contract.pictures import as_file
from tests.mesh import until
from tests.shapes import fits

ORDER = ["pending", "processing", "completed"]


async def test_forward_only(ask: Ask, ada: Player) -> None:
    seen = [body_of(await ask(ada, "POST", "/vision/jobs/", files=as_file(new_picture())), 201)]

    async def ended() -> bool:
        seen.append(body_of(await ask(ada, "GET", f"/vision/jobs/{seen[0]['id']}/")))
        fits(seen[-1], JOB)
        return bool(seen[-1]["status"] == "completed")

    await until(ended, 60)
    places = [ORDER.index(job["status"]) for job in seen]
    assert places == sorted(places)
    for job in seen:
        assert (job["completed_at"] is not None) == (job["status"] == "completed")
        assert (job["outcome"] is not None) == (job["status"] == "completed")
        assert (job["started_at"] is not None) == (job["status"] != "pending")
        assert job["retry_count"] == 0


async def test_what_has_ended_stays_as_it_is(ask: Ask, ada: Player) -> None:
    job = await looked_at(ask, ada)
    again: Json = body_of(await ask(ada, "GET", f"/vision/jobs/{job['id']}/"))
    assert again == job
