"""B13: what a player and an animal are told of their catches is counted, never added up."""

from deploy.local.player import Player
from tests.answers import Ask, Json, body_of
from tests.contract.captures import catch, new_animal
from tests.mesh import NewPlayer, until


async def profile(player: Player) -> tuple[int, int, str | None]:
    found: Json = (await player.get("/users/me/"))["profile"]
    return found["total_catches"], found["unique_species"], found["last_catch_date"]


async def test_the_counters_of_a_player(ask: Ask, new_player: NewPlayer) -> None:
    eve = await new_player("eve")
    assert await profile(eve) == (0, 0, None)
    animal, other = await new_animal(ask, eve), await new_animal(ask, eve)
    early = await catch(ask, eve, animal, catch_date="2024-01-01T00:00:00Z")
    late = await catch(ask, eve, animal, catch_date="2025-01-01T00:00:00Z")
    middle = await catch(ask, eve, other, catch_date="2024-06-01T00:00:00Z", visibility="private")
    assert await profile(eve) == (3, 2, "2025-01-01T00:00:00.000000Z")
    await ask(eve, "DELETE", f"/dex/entries/{late['id']}/")
    assert await profile(eve) == (2, 2, "2024-06-01T00:00:00.000000Z")
    await ask(eve, "PUT", f"/dex/entries/{middle['id']}/", json={"animal": animal["id"]})
    assert await profile(eve) == (1, 1, "2024-01-01T00:00:00.000000Z")
    await ask(eve, "DELETE", f"/dex/entries/{early['id']}/")
    assert await profile(eve) == (0, 0, None)


async def test_the_discoverers_of_an_animal(ask: Ask, new_player: NewPlayer) -> None:
    """Distinct owners, private entries included: a number tells of nobody."""
    ada, ben = await new_player("ada"), await new_player("ben")
    animal = await new_animal(ask, ada)
    await catch(ask, ada, animal, catch_date="2024-01-01T00:00:00Z")
    await catch(ask, ada, animal, catch_date="2024-02-01T00:00:00Z")
    await catch(ask, ben, animal, visibility="private")

    async def counted() -> bool:
        return bool(body_of(await ask(None, "GET", f"/animals/{animal['id']}/"))["discovery_count"] == 2)

    await until(counted, 10)
