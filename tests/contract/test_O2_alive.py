"""O2: the gateway runs."""

import httpx

from tests.answers import body_of


async def test_alive(web: httpx.AsyncClient) -> None:
    assert body_of(await web.get("/health/")) == {"status": "alive"}
    assert body_of(await web.get("/health")) == {"status": "alive"}
    head = await web.head("/health/")
    assert (head.status_code, head.content) == (200, b"")
