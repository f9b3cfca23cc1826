"""S2: the cards of one's friends."""

import pytest

from deploy.local.player import Player
from tests.answers import Ask, body_of, refused
from tests.contract.captures import befriended, catch, new_animal, requested
from tests.contract.circle import Circle
from tests.contract.objects_of_social import CARD
from tests.mesh import NewPlayer, until
from tests.shapes import fits

FRIENDS = "/social/friendships/friends/"


async def test_the_card_of_a_friend(ask: Ask, circle: Circle) -> None:
    found = body_of(await ask(circle.friend, "GET", FRIENDS))
    fits(found, {"count": int, "friends": [CARD]})
    (card,) = found["friends"]
    assert found["count"] == 1
    assert (card["id"], card["username"]) == (circle.owner.id, circle.owner.name)
    assert card["friend_code"] == circle.owner.friend_code
    assert card["friendship_id"] == circle.friendship["id"]


async def test_catches_count_on_the_card(ask: Ask, new_player: NewPlayer) -> None:
    ada, ben = await new_player("ada"), await new_player("ben")
    await befriended(ask, ada, ben)
    animal = await new_animal(ask, ada)
    for moment in ("2025-01-01T00:00Z", "2025-01-02T00:00Z"):
        await catch(ask, ada, animal, catch_date=moment)

    async def counted() -> bool:
        (card,) = (await ben.get(FRIENDS))["friends"]
        return (card["total_catches"], card["unique_species"]) == (2, 1)

    await until(counted, 10)


@pytest.mark.parametrize("role", ["ex_friend", "blocked", "stranger"])
async def test_who_is_no_friend_is_on_no_list(ask: Ask, circle: Circle, role: str) -> None:
    assert body_of(await ask(circle.player(role), "GET", FRIENDS)) == {"count": 0, "friends": []}


async def test_superusers_are_on_no_list(ask: Ask, superuser: Player, new_player: NewPlayer) -> None:
    """S2, S3: nor are their requests; being one makes no friendship (contract B7, B9)."""
    ada = await new_player("ada")
    await requested(ask, superuser, ada)
    assert body_of(await ask(ada, "GET", "/social/friendships/pending/")) == {"count": 0, "requests": []}
    eve = await new_player("eve")
    await befriended(ask, eve, superuser)
    assert body_of(await ask(eve, "GET", FRIENDS)) == {"count": 0, "friends": []}
    assert body_of(await ask(eve, "GET", "/dex/entries/friends_overview/")) == {"friends": []}


async def test_nobody(ask: Ask) -> None:
    refused(await ask(None, "GET", FRIENDS), 401, {"detail": "Authentication credentials were not provided."})
