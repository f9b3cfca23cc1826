"""Two players become friends and part again (contract S5, S6, S7)."""

from collections.abc import Coroutine
from typing import Any

from tests.faults.chaos.client import Told
from tests.faults.chaos.crowd import Crowd
from tests.faults.chaos.people import Pair, taken

Work = Coroutine[Any, Any, None]
ALREADY = ("Friend request already pending", "Users are already friends", "Only pending requests can be accepted")


def meet(crowd: Crowd) -> Work | None:
    """The next step of one pair, whichever that is."""
    pair = taken(crowd.rng, crowd.pairs)
    return None if pair is None else _next_step(crowd, pair)


async def _next_step(crowd: Crowd, pair: Pair) -> None:
    try:
        match pair.state:
            case "none":
                await _request(crowd, pair)
            case "pending":
                await _accept(crowd, pair)
            case _:
                await _part(crowd, pair)
    finally:
        pair.busy = False


async def _request(crowd: Crowd, pair: Pair) -> None:
    path, wish = "/social/friendships/send_request/", {"friend_code": pair.second.code}
    told = await crowd.client.ask("POST", path, pair.first.token, json=wish, fine=(400,))
    if _done_before(told):
        # The game shows the sentence; what was made is on the list.
        sent = await crowd.client.ask("GET", "/social/friendships/sent/", pair.first.token)
        found = [each for each in sent.body.get("requests", []) if each["to_user"] == pair.second.id]
        if sent.ok and not found:
            crowd.tally.surprise("a request is said to be pending, and is on no list")
        pair.id = found[0]["id"] if found else ""
    elif told.ok:
        pair.id = told.body["id"]
    _told(crowd, pair, told, "requested", "pending", known=bool(pair.id))


async def _accept(crowd: Crowd, pair: Pair) -> None:
    path = f"/social/friendships/{pair.id}/respond/"
    told = await crowd.client.ask("POST", path, pair.second.token, json={"action": "accept"}, fine=(400,))
    _told(crowd, pair, told, "accepted", "friends")


async def _part(crowd: Crowd, pair: Pair) -> None:
    """As the game does it: GET with the friend's id (S7)."""
    path = f"/social/friendships/{pair.second.id}/unfriend/"
    told = await crowd.client.ask("GET", path, pair.first.token, fine=(404,))
    _told(crowd, pair, told, "ended", "none")


def _told(crowd: Crowd, pair: Pair, told: Told, word: str, state: str, *, known: bool = True) -> None:
    kind, owner = f"friendship.{word}", pair.first.id
    if (told.ok or _done_before(told)) and known:
        pair.state = state
        crowd.history.told(kind, pair.id, owner, other=pair.second.id)
    elif told.unknown or not known:
        pair.doubtful = True
        crowd.history.untold(kind, pair.id or f"{owner}/{pair.second.id}", owner, other=pair.second.id)
    else:
        crowd.refused(f"{kind} of two players", told)


def _done_before(told: Told) -> bool:
    """A repeat is told that it was done already."""
    if told.attempts == 1:
        return False
    return told.status == 404 or (told.status == 400 and told.body.get("detail") in ALREADY)
