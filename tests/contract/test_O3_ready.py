"""O3: databases and cache of every service answer. (What happens when they do not, is with O1.)"""

import httpx

from tests.answers import body_of


async def test_ready(web: httpx.AsyncClient) -> None:
    assert body_of(await web.get("/ready/")) == {"status": "ready"}
    assert body_of(await web.get("/ready")) == {"status": "ready"}
