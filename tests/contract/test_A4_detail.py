"""A4: one animal, for everybody."""

from deploy.local.player import Player
from tests.answers import Ask, body_of, refused
from tests.contract.captures import catch, new_animal
from tests.contract.objects_of_animals import ANIMAL
from tests.mesh import NewPlayer, until
from tests.shapes import fits


async def test_for_nobody_and_for_a_player(ask: Ask, ada: Player) -> None:
    animal = await new_animal(ask, ada)
    for who in (None, ada):
        body = body_of(await ask(who, "GET", f"/animals/{animal['id']}/"))
        fits(body, ANIMAL)
        assert body["scientific_name"] == animal["scientific_name"]


async def test_what_is_not_there(ask: Ask) -> None:
    answer = await ask(None, "GET", "/animals/00000000-0000-4000-8000-000000000000/")
    refused(answer, 404, {"detail": "No Animal matches the given query."})
    refused(await ask(None, "GET", "/animals/zz/"), 404, {"detail": "Not found."})


async def test_owners_are_counted_once(ask: Ask, new_player: NewPlayer) -> None:
    eve, ben = await new_player("eve"), await new_player("ben")
    animal = await new_animal(ask, eve)
    for player, day in ((eve, 1), (eve, 2), (ben, 1)):
        await catch(ask, player, animal, catch_date=f"2025-01-0{day}T00:00:00Z", visibility="private")

    async def counted() -> bool:
        return bool(body_of(await ask(None, "GET", f"/animals/{animal['id']}/"))["discovery_count"] == 2)

    await until(counted, 10)
