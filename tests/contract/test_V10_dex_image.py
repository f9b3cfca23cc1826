"""V10: the job's PNG, for its owner and for whoever may see an entry made from it."""

import pytest

from tests.answers import Ask, Json, body_of, refused
from tests.contract.captures import befriended, looked_at, new_animal
from tests.contract.circle import Circle
from tests.contract.pictures import served
from tests.mesh import NewPlayer, until

HIDDEN = {"detail": "No AnalysisJob matches the given query."}


async def test_it_is_the_picture_of_the_job(ask: Ask, circle: Circle, koala_job: Json) -> None:
    answer = await ask(circle.owner, "GET", f"/vision/jobs/{koala_job['id']}/dex-image/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"] == f'inline; filename="dex_{koala_job["id"]}.png"'
    assert answer.headers["cache-control"] == "private, max-age=31536000"
    assert answer.content == await served(koala_job["dex_compatible_url"])


@pytest.mark.parametrize("role", ["friend", "ex_friend", "blocked", "stranger", "staff"])
async def test_without_an_entry_it_is_the_owners_alone(ask: Ask, circle: Circle, koala_job: Json, role: str) -> None:
    answer = await ask(circle.player(role), "GET", f"/vision/jobs/{koala_job['id']}/dex-image/")
    assert body_of(answer, 404).keys() == {"detail"}


async def test_nobody(ask: Ask, koala_job: Json) -> None:
    answer = await ask(None, "GET", f"/vision/jobs/{koala_job['id']}/dex-image/")
    refused(answer, 401, {"detail": "Authentication credentials were not provided."})


async def test_the_entries_visibility_decides(ask: Ask, new_player: NewPlayer) -> None:
    """Private, then for friends, then for all, then private again; each change arrives."""
    ada, ben, eve = await new_player("ada"), await new_player("ben"), await new_player("eve")
    await befriended(ask, ada, ben)
    job = await looked_at(ask, ada)
    path = f"/vision/jobs/{job['id']}/dex-image/"
    entry = await ada.catch(job, (await new_animal(ask, ada))["id"], "private")

    async def seen() -> tuple[int, int, int]:
        answers = [await ask(each, "GET", path) for each in (ada, ben, eve)]
        first, second, third = (answer.status_code for answer in answers)
        return first, second, third

    assert await seen() == (200, 404, 404)
    for visibility, expected in (
        ("friends", (200, 200, 404)),
        ("public", (200, 200, 200)),
        ("private", (200, 404, 404)),
    ):
        await ada.ask("PATCH", f"/dex/entries/{entry['id']}/", json={"visibility": visibility})

        async def as_expected(expected: tuple[int, int, int] = expected) -> bool:
            return await seen() == expected

        await until(as_expected, 5)
