"""U10: the counters are counted anew."""

from deploy.local.player import Player
from tests.answers import Ask, body_of, refused
from tests.contract.captures import catch, new_animal
from tests.contract.objects_of_users import USER
from tests.mesh import NewPlayer
from tests.shapes import fits


async def test_ones_own(ask: Ask, new_player: NewPlayer) -> None:
    eve = await new_player("eve")
    await catch(ask, eve, await new_animal(ask, eve))

    async def recount(whom: str) -> None:
        body = body_of(await ask(eve, "POST", f"/users/{whom}/update_stats/", json={}))
        fits(body, USER)
        assert body["id"] == eve.id
        assert (body["profile"]["total_catches"], body["profile"]["unique_species"]) == (1, 1)

    assert body_of(await ask(eve, "GET", "/users/me/"))["profile"]["total_catches"] == 1
    await recount("me")
    await recount(eve.id)


async def test_others_only_by_staff(ask: Ask, staff: Player, ada: Player, ben: Player) -> None:
    answer = await ask(ada, "POST", f"/users/{ben.id}/update_stats/", json={})
    refused(answer, 404, {"detail": "No User matches the given query."})
    assert body_of(await ask(staff, "POST", f"/users/{ben.id}/update_stats/", json={}))["id"] == ben.id
    assert (await ask(None, "POST", "/users/me/update_stats/", json={})).status_code == 401
    refused(await ask(staff, "POST", "/users/zz/update_stats/", json={}), 404, {"detail": "Not found."})
