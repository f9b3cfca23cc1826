"""D14: how much there is to see at each friend, right at once after a friendship began or ended."""

from deploy.local.player import Player
from tests.answers import Ask, body_of
from tests.contract.captures import befriended
from tests.contract.circle import Circle
from tests.mesh import NewPlayer
from tests.shapes import computed_instant, fits, friend_code, nullable, uuid

PATH = "/dex/entries/friends_overview/"
OVERVIEW = {
    "friends": [
        {
            "user_id": uuid,
            "username": str,
            "friend_code": friend_code,
            "total_entries": int,
            "latest_update": nullable(computed_instant),
        }
    ]
}


async def overview(ask: Ask, player: Player) -> list[dict[str, object]]:
    found = body_of(await ask(player, "GET", PATH))
    fits(found, OVERVIEW)
    friends: list[dict[str, object]] = found["friends"]
    return friends


async def test_private_entries_do_not_count(ask: Ask, circle: Circle) -> None:
    (card,) = await overview(ask, circle.friend)
    assert (card["user_id"], card["username"]) == (circle.owner.id, circle.owner.name)
    assert (card["friend_code"], card["total_entries"]) == (circle.owner.friend_code, 2)
    shown = [await circle.owner.get(f"/dex/entries/{circle.entries[each]['id']}/") for each in ("friends", "public")]
    latest = max(each["updated_at"] for each in shown)
    assert card["latest_update"] == latest.replace("Z", "+00:00")


async def test_a_friend_without_entries(ask: Ask, circle: Circle) -> None:
    (card,) = await overview(ask, circle.owner)
    assert (card["user_id"], card["total_entries"], card["latest_update"]) == (circle.friend.id, 0, None)


async def test_only_friends(ask: Ask, circle: Circle) -> None:
    for role in ("ex_friend", "blocked", "stranger"):
        player = circle.player(role)
        assert player
        assert await overview(ask, player) == []


async def test_right_at_once(ask: Ask, new_player: NewPlayer) -> None:
    """Whoever accepts or ends a friendship sees it in the very next answer (contract B12)."""
    ada, ben = await new_player("ada"), await new_player("ben")
    assert await overview(ask, ben) == []
    friendship = await befriended(ask, ada, ben)
    assert [each["user_id"] for each in await overview(ask, ben)] == [ada.id]
    await ask(ben, "GET", f"/social/friendships/{ada.id}/unfriend/")
    assert await overview(ask, ben) == []
    assert friendship["status"] == "accepted"
