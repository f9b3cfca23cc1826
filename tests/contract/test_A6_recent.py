"""A6: the newest animals."""

from deploy.local.player import Player
from tests.answers import Ask, body_of
from tests.contract.captures import new_animal
from tests.contract.objects_of_animals import ANIMAL_LIST_ITEM
from tests.shapes import fits, list_of


async def test_the_newest_come_first(ask: Ask, ada: Player) -> None:
    made = [await new_animal(ask, ada) for _ in range(21)]
    body = body_of(await ask(None, "GET", "/animals/recent/"))
    fits(body, list_of(ANIMAL_LIST_ITEM))
    assert set(body) == {"count", "results"}
    assert body["count"] == len(body["results"]) == 20
    assert [each["id"] for each in body["results"]] == [each["id"] for each in reversed(made[1:])]
