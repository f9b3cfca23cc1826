"""S1: a player's card and a friendship, wherever they are shown."""

from tests.answers import Ask, Json, body_of
from tests.contract.circle import Circle
from tests.contract.objects_of_social import CARD, FRIENDSHIP
from tests.mesh import NewPlayer
from tests.shapes import fits


async def test_the_cards_of_a_friendship_are_those_of_its_parties(ask: Ask, circle: Circle) -> None:
    found = body_of(await ask(circle.owner, "GET", f"/social/friendships/{circle.friendship['id']}/"))
    fits(found, FRIENDSHIP)
    for side, player in (("from_user", circle.owner), ("to_user", circle.friend)):
        card: Json = found[f"{side}_details"]
        fits(card, CARD)
        assert found[side] == card["id"] == player.id
        assert (card["username"], card["friend_code"], card["avatar"]) == (player.name, player.friend_code, None)


async def test_a_card_tells_nothing_more(ask: Ask, circle: Circle) -> None:
    (card,) = body_of(await ask(circle.friend, "GET", "/social/friendships/friends/"))["friends"]
    assert set(card) <= {*CARD, "friendship_id"}
    assert "@example.com" not in str(card)


async def test_a_card_of_somebody_without_catches_counts_zero(ask: Ask, new_player: NewPlayer) -> None:
    ada, ben = await new_player("ada"), await new_player("ben")
    body = {"friend_code": ben.friend_code}
    found = body_of(await ask(ada, "POST", "/social/friendships/send_request/", json=body), 201)
    for side in ("from_user_details", "to_user_details"):
        assert (found[side]["total_catches"], found[side]["unique_species"]) == (0, 0)
