"""How players get in: by nginx where it is installed, else by a client that takes turns as nginx would."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from tests.front import nginx

TIMEOUT = aiohttp.ClientTimeout(total=60)


class WayIn:
    """One or two addresses of the same mesh; every request is made once, and never repeated once it has left."""

    def __init__(self, urls: Sequence[str], session: aiohttp.ClientSession, name: str) -> None:
        self.urls = urls
        self.name = name
        self._session = session
        self._turn = 0

    async def ask(self, method: str, path: str, **more: Any) -> tuple[int, bytes]:
        """Status and body; raises what the client raises. Where nobody listens, the next address is asked."""
        self._turn += 1
        for attempt in range(len(self.urls)):
            url = self.urls[(self._turn + attempt) % len(self.urls)]
            try:
                async with self._session.request(method, url + path, **more) as answer:
                    return answer.status, await answer.read()
            except aiohttp.ClientConnectorError:
                if attempt == len(self.urls) - 1:
                    raise
        raise AssertionError("there is no way in")


@asynccontextmanager
async def way_in(folder: Path, gateways: Sequence[str]) -> AsyncIterator[WayIn]:
    """By the front if nginx is there: kept connections, and what nginx itself does for reads and for writes."""
    if nginx.find() is not None:
        with nginx.front(folder, gateways) as url:
            async with _session(keeps=True) as session:
                yield WayIn([url], session, "nginx")
    else:
        async with _session(keeps=False) as session:
            yield WayIn(gateways, session, "turns")


def _session(*, keeps: bool) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(limit=0, force_close=not keeps)
    session = aiohttp.ClientSession(connector=connector, timeout=TIMEOUT, cookie_jar=aiohttp.DummyCookieJar())
    session._retry_connection = False  # A second request by the client itself would hide a lost one.
    return session
