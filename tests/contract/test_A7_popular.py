"""A7: the most captured animals."""

from tests.answers import Ask, body_of
from tests.contract.captures import catch, new_animal
from tests.contract.objects_of_animals import ANIMAL_LIST_ITEM
from tests.mesh import NewPlayer, until
from tests.shapes import fits, list_of


async def test_they_are_ordered_by_captures(ask: Ask, new_player: NewPlayer) -> None:
    eve = await new_player("eve")
    animal = await new_animal(ask, eve)
    best = [each["capture_count"] for each in body_of(await ask(None, "GET", "/animals/popular/"))["results"]]
    times = min(best, default=0) + 1 if len(best) == 20 else 1
    for day in range(times):
        await catch(ask, eve, animal, catch_date=f"2025-01-01T00:00:{day:02}Z", visibility="private")

    async def is_among_them() -> bool:
        body = body_of(await ask(None, "GET", "/animals/popular/"))
        fits(body, list_of({**ANIMAL_LIST_ITEM, "capture_count": int}))
        order = [(-each["capture_count"], each["creation_index"]) for each in body["results"]]
        assert order == sorted(order)
        assert body["count"] == len(body["results"]) <= 20
        found = [each["capture_count"] for each in body["results"] if each["id"] == animal["id"]]
        return found == [times]

    await until(is_among_them, 10)
