"""R7: dropping what is kept, by the older path."""

from deploy.local.player import Player
from tests.answers import Ask, body_of, refused


async def test_by_the_older_path(ask: Ask, ada: Player) -> None:
    found = body_of(await ask(ada, "POST", "/graph/invalidate-cache/", json={}))
    assert found == {"message": "Graph cache invalidated successfully"}


async def test_nobody(ask: Ask) -> None:
    answer = await ask(None, "POST", "/graph/invalidate-cache/", json={})
    refused(answer, 401, {"detail": "Authentication credentials were not provided."})
