"""What a browser gets: the front page, and the files of `/static/` (contract O5, O7)."""

from importlib.resources import files
from pathlib import Path
from typing import Final

from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Scope

from libs.common.errors import Failure, NotFound
from services.gateway.exchange import Exchange

CONDITIONS: Final = (b"if-none-match", b"if-modified-since")
HTML: Final = b"text/html; charset=utf-8"
FRONT_PAGE: Final = b"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>BiologiDex</title>
<style>body{font:1.1rem/1.6 system-ui,sans-serif;max-width:38rem;margin:4rem auto;padding:0 1rem}</style>
<h1>BiologiDex</h1>
<p>A Pok&eacute;dex for the real world: photograph an animal, learn what it is, collect it, and see the tree of life
that you and your friends have found. This is its backend.</p>
<ul>
<li><a href="/api/docs/">The API, to try out</a> (<a href="/api/redoc/">to read</a>,
<a href="/api/schema/">as OpenAPI</a>)</li>
<li><a href="/api/events/">The events that the services tell each other</a></li>
<li><a href="/api/v1/health/">How it is doing</a> (<a href="/metrics/">in numbers</a>)</li>
</ul>
</html>
"""


async def answer_front_page(exchange: Exchange) -> None:
    """`GET /`: what this is, and where to go from here."""
    await exchange.answer(200, FRONT_PAGE, HTML, [(b"cache-control", b"no-cache")])


class StaticPages:
    """The scripts and styles of the API documentation; they come with a package and change only with it."""

    def __init__(self) -> None:
        self._files = StaticFiles(directory=Path(str(files("fastapi_offline"))) / "static")

    async def answer(self, exchange: Exchange) -> None:
        """Raises:
        NotFound: no such file; there is no listing.
        """
        exchange.route = "/static/{path}"
        name = exchange.sent_path.removeprefix("/static/")
        if not name or name.startswith((".", "/")) or "%" in name or ".." in name:
            raise NotFound
        scope: Scope = {
            "type": "http",
            "method": exchange.method,
            "path": f"/{name}",
            "root_path": "",
            "headers": [(key, exchange.headers[key]) for key in CONDITIONS if key in exchange.headers],
        }

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                cache = (b"cache-control", b"public, max-age=2592000, immutable")
                await exchange.start(message["status"], [*message["headers"], cache])
            elif message.get("more_body"):
                await exchange.write(message["body"])
            else:
                await exchange.end(message.get("body", b""))

        try:
            await self._files(scope, exchange.body.receive, send)
        except HTTPException as error:
            raise (
                NotFound if error.status_code == 404 else Failure({"detail": error.detail}, status=error.status_code)
            ) from None
