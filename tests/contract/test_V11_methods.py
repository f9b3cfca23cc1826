"""V11: a job is not edited; deleting one, where that is offered, never takes a picture from an entry."""

import pytest

from deploy.local.player import Player
from tests.answers import Ask, Json, body_of
from tests.contract.captures import looked_at, new_animal
from tests.contract.circle import Circle
from tests.contract.pictures import served


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_put_and_patch(ask: Ask, circle: Circle, koala_job: Json, method: str) -> None:
    answer = await ask(circle.owner, method, f"/vision/jobs/{koala_job['id']}/", json={"status": "failed"})
    assert body_of(answer, 405) == {"detail": f'Method "{method}" not allowed.'}
    assert "GET" in answer.headers["allow"]


async def test_delete_leaves_the_picture_of_an_entry(ask: Ask, collector: Player) -> None:
    job = await looked_at(ask, collector)
    entry = await collector.catch(job, (await new_animal(ask, collector))["id"])
    answer = await ask(collector, "DELETE", f"/vision/jobs/{job['id']}/")
    assert answer.status_code in (204, 405)
    assert await served(entry["original_image"])
