"""S4: one's own requests that wait for others."""

from tests.answers import Ask, body_of, refused
from tests.contract.captures import requested, respond
from tests.contract.objects_of_social import FRIENDSHIP
from tests.mesh import NewPlayer
from tests.shapes import fits

PATH = "/social/friendships/sent/"
REQUESTS = {"count": int, "requests": [FRIENDSHIP]}
NONE = {"count": 0, "requests": []}


async def test_only_those_that_wait_for_others(ask: Ask, new_player: NewPlayer) -> None:
    ada, ben = await new_player("ada"), await new_player("ben")
    request = await requested(ask, ada, ben)
    sent = body_of(await ask(ada, "GET", PATH))
    fits(sent, REQUESTS)
    assert sent == {"count": 1, "requests": [request]}
    assert sent["requests"][0]["to_user_details"]["username"] == ben.name
    assert body_of(await ask(ben, "GET", PATH)) == NONE
    await respond(ask, ben, request, "accept")
    assert body_of(await ask(ada, "GET", PATH)) == NONE


async def test_nobody(ask: Ask) -> None:
    refused(await ask(None, "GET", PATH), 401, {"detail": "Authentication credentials were not provided."})
