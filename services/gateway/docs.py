"""The API's documentation: one schema of all services, two readers for it, and the events (contract O5)."""

import asyncio
import time
from typing import Any, Final

import yaml
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html

from libs.common.version import VERSION
from libs.contracts.catalogue import EVENTS
from services.gateway import catalogue, openapi
from services.gateway.answers import Headers
from services.gateway.exchange import Exchange
from services.gateway.own_paths import describe_own
from services.gateway.peers import Peers

SCHEMA: Final = "/api/schema/"
TITLE: Final = "BiologiDex API"
KEEP_SECONDS: Final = 60.0
ASK_SECONDS: Final = 3.0
YAML: Final = b"application/yaml; charset=utf-8"
HTML: Final = b"text/html; charset=utf-8"
PAGE_HEADERS: Final[Headers] = [
    (b"cache-control", b"no-cache"),
    # Whatever the scripts would fetch from elsewhere (ReDoc has its maker's logo), a browser does not. They have
    # inline beginnings, and ReDoc a schema checker that makes its code; the pages show nothing but our own document.
    (
        b"content-security-policy",
        b"default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
        b"style-src 'self' 'unsafe-inline'; "
        b"img-src 'self' data:; font-src 'self' data:; worker-src 'self' blob:; object-src 'none'; "
        b"base-uri 'none'; frame-ancestors 'none'",
    ),
]


class Docs:
    """Collects the services' descriptions and keeps the merged one for a minute, as long as nobody was missing."""

    def __init__(self, peers: Peers, public_base_url: str) -> None:
        self._peers = peers
        self._public_base_url = public_base_url
        self._kept = b""
        self._made_from: dict[str, bytes] = {}
        self._until = 0.0
        self._events = b""

    async def answer_schema(self, exchange: Exchange) -> None:
        """`GET /api/schema/`: OpenAPI 3 as YAML."""
        if not self._kept or self._until < time.monotonic():
            answers = await self._peers.ask_all("/openapi.json", seconds=ASK_SECONDS)
            found = {name: told.body for name, told in answers.items() if told.status == 200}
            if not self._kept or found != self._made_from:
                documents = {name: answers[name].content for name in found}
                base = describe_own(TITLE, VERSION, self._public_base_url)
                self._kept = await asyncio.to_thread(_as_yaml, openapi.merge(documents, base))
                self._made_from = found
            self._until = time.monotonic() + (KEEP_SECONDS if len(found) == len(answers) else 0)
        await exchange.answer(200, self._kept, YAML)

    async def answer_swagger(self, exchange: Exchange) -> None:
        """`GET /api/docs/`."""
        page = get_swagger_ui_html(
            openapi_url=SCHEMA,
            title=TITLE,
            swagger_js_url="/static/swagger-ui-bundle.js",
            swagger_css_url="/static/swagger-ui.css",
            swagger_favicon_url="/static/favicon.png",
            # Else it would have somebody else's host judge our document, and show his badge.
            swagger_ui_parameters={"validatorUrl": None, "persistAuthorization": True},
        )
        await exchange.answer(200, bytes(page.body), HTML, PAGE_HEADERS)

    async def answer_redoc(self, exchange: Exchange) -> None:
        """`GET /api/redoc/`."""
        page = get_redoc_html(
            openapi_url=SCHEMA,
            title=TITLE,
            redoc_js_url="/static/redoc.standalone.js",
            redoc_favicon_url="/static/favicon.png",
            with_google_fonts=False,
        )
        await exchange.answer(200, bytes(page.body), HTML, PAGE_HEADERS)

    async def answer_events(self, exchange: Exchange) -> None:
        """`GET /api/events/`: AsyncAPI 3 as YAML."""
        if not self._events:
            self._events = await asyncio.to_thread(_as_yaml, catalogue.describe(EVENTS, VERSION))
        await exchange.answer(200, self._events, YAML)


def _as_yaml(document: dict[str, Any]) -> bytes:
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text: str = yaml.dump(document, Dumper=_without_aliases(dumper), sort_keys=False, allow_unicode=True, width=120)
    return text.encode()


def _without_aliases(dumper: Any) -> Any:
    """Schema readers in browsers do not follow YAML's anchors."""
    return type("Dumper", (dumper,), {"ignore_aliases": lambda _self, _data: True})
