"""S3: the requests that wait for oneself."""

from tests.answers import Ask, body_of, refused
from tests.contract.captures import requested, respond
from tests.contract.objects_of_social import FRIENDSHIP
from tests.mesh import NewPlayer
from tests.shapes import fits

PATH = "/social/friendships/pending/"
REQUESTS = {"count": int, "requests": [FRIENDSHIP]}
NONE = {"count": 0, "requests": []}


async def test_only_those_that_wait_for_oneself(ask: Ask, new_player: NewPlayer) -> None:
    ada, ben = await new_player("ada"), await new_player("ben")
    assert body_of(await ask(ben, "GET", PATH)) == NONE
    request = await requested(ask, ada, ben)
    waiting = body_of(await ask(ben, "GET", PATH))
    fits(waiting, REQUESTS)
    assert waiting == {"count": 1, "requests": [request]}
    assert waiting["requests"][0]["from_user_details"]["username"] == ada.name
    assert body_of(await ask(ada, "GET", PATH)) == NONE


async def test_what_is_answered_waits_no_longer(ask: Ask, new_player: NewPlayer) -> None:
    ada, ben = await new_player("ada"), await new_player("ben")
    for action in ("reject", "accept"):
        await respond(ask, ben, await requested(ask, ada, ben), action)
        assert body_of(await ask(ben, "GET", PATH)) == NONE


async def test_nobody(ask: Ask) -> None:
    refused(await ask(None, "GET", PATH), 401, {"detail": "Authentication credentials were not provided."})
