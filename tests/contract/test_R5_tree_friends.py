"""R5: the friends whose branches one's tree shows."""

from tests.answers import Ask, body_of, refused
from tests.contract.circle import Circle
from tests.shapes import fits, friend_code, uuid


async def test_the_friends_of_the_tree(ask: Ask, circle: Circle) -> None:
    """Their species are counted as far as the caller may see them."""
    found = body_of(await ask(circle.friend, "GET", "/graph/tree/friends/"))
    fits(
        found,
        {
            "friends": [{"id": uuid, "username": str, "unique_species": int, "friend_code": friend_code}],
            "total_friends": int,
        },
    )
    (card,) = found["friends"]
    assert found["total_friends"] == 1
    assert card == {
        "id": circle.owner.id,
        "username": circle.owner.name,
        "unique_species": 2,
        "friend_code": circle.owner.friend_code,
    }
    for role in ("ex_friend", "blocked", "stranger"):
        nothing = body_of(await ask(circle.player(role), "GET", "/graph/tree/friends/"))
        assert nothing == {"friends": [], "total_friends": 0}


async def test_nobody(ask: Ask) -> None:
    answer = await ask(None, "GET", "/graph/tree/friends/")
    refused(answer, 401, {"detail": "Authentication credentials were not provided."})
