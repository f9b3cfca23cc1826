"""U2: the own account."""

from deploy.local.player import Player
from tests.answers import Ask, body_of, refused
from tests.contract.captures import catch, new_animal
from tests.contract.objects_of_users import USER
from tests.mesh import NewPlayer
from tests.shapes import fits


async def test_me(ask: Ask, ada: Player) -> None:
    body = body_of(await ask(ada, "GET", "/users/me/"))
    fits(body, USER)
    assert (body["id"], body["username"], body["friend_code"]) == (ada.id, ada.name, ada.friend_code)


async def test_nobody_is_nobody(ask: Ask) -> None:
    refused(await ask(None, "GET", "/users/me/"), 401, {"detail": "Authentication credentials were not provided."})


async def test_the_counters_are_there_at_once(ask: Ask, new_player: NewPlayer) -> None:
    eve = await new_player("eve")
    one, other = await new_animal(ask, eve), await new_animal(ask, eve)
    days = ("2025-03-01T00:00:00Z", "2025-03-03T00:00:00Z", "2025-03-02T00:00:00Z")
    for animal, day in zip((one, one, other), days, strict=True):
        await catch(ask, eve, animal, catch_date=day)
    profile = body_of(await ask(eve, "GET", "/users/me/"))["profile"]
    assert (profile["total_catches"], profile["unique_species"]) == (3, 2)
    assert profile["last_catch_date"] == "2025-03-03T00:00:00.000000Z"
