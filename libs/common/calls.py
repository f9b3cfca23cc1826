"""The few calls between services: private, bounded, with the player's own token (design §5)."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import httpx
from fastapi import Depends, Request
from opentelemetry import propagate

from libs.common.auth import Player
from libs.common.errors import Failure, Throttled, Unavailable
from libs.common.logs import log, request_id

TIMEOUT: Final = httpx.Timeout(4.0, connect=1.0)
PICTURE_TIMEOUT: Final = httpx.Timeout(30.0, connect=1.0)


class Peers:
    """The other services as this one reaches them."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        self._urls = urls
        self._client = httpx.AsyncClient(timeout=TIMEOUT, limits=httpx.Limits(max_connections=50))

    async def get(self, service: str, path: str, player: Player) -> dict[str, Any] | None:
        """The answer's object; None when the owner says that it does not exist.

        Raises:
            Unavailable: no answer in time, or a failure over there.
            Failure: its refusal, passed on as it is.
        """
        return await self._ask("GET", service, path, player)

    async def post(
        self, service: str, path: str, player: Player, *, json: Any = None, files: Any = None
    ) -> dict[str, Any] | None:
        """As `get`; `files` as httpx takes them, with more time."""
        timeout = PICTURE_TIMEOUT if files else TIMEOUT
        return await self._ask("POST", service, path, player, json=json, files=files, timeout=timeout)

    async def _ask(self, method: str, service: str, path: str, player: Player, **more: Any) -> dict[str, Any] | None:
        headers = {"Authorization": f"Bearer {player.token}", "X-Request-Id": request_id.get()}
        propagate.inject(headers)
        try:
            answer = await self._client.request(method, self._urls[service] + path, headers=headers, **more)
            body = answer.json() if answer.content else {}
        except (httpx.HTTPError, ValueError) as error:
            log.warning("call.failed", service=service, error=type(error).__name__)
            raise Unavailable from None
        if answer.status_code == 404:
            return None
        if answer.status_code == 429:
            raise Throttled(float(answer.headers.get("Retry-After", "60")))
        if answer.status_code >= 500:
            log.warning("call.failed", service=service, status=answer.status_code)
            raise Unavailable
        if answer.status_code >= 400:
            raise Failure(body, status=answer.status_code)
        found: dict[str, Any] = body
        return found

    async def close(self) -> None:
        await self._client.aclose()


async def _peers(request: Request) -> Peers:
    peers: Peers = request.app.state.service.calls
    return peers


Calls = Annotated[Peers, Depends(_peers)]
