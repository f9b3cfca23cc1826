"""The few calls between services: private, bounded, with the player's own token (design §5)."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import httpx
from fastapi import Depends, Request
from opentelemetry import propagate

from libs.common import leaving
from libs.common.auth import Player
from libs.common.errors import Failure, Throttled, Unavailable
from libs.common.instances import Instances
from libs.common.logs import log, request_id

TIMEOUT: Final = httpx.Timeout(4.0, connect=1.0)
PICTURE_TIMEOUT: Final = httpx.Timeout(30.0, connect=1.0)
MOST_CONNECTIONS: Final = 50


class Peers:
    """The other services as this one reaches them."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        self._instances = {service: Instances(addresses) for service, addresses in urls.items()}
        self._pooled = httpx.AsyncClient(timeout=TIMEOUT, limits=httpx.Limits(max_connections=MOST_CONNECTIONS))
        # A new connection each: a write must not be lost to one that the other side has just closed.
        self._fresh = httpx.AsyncClient(
            timeout=TIMEOUT, limits=httpx.Limits(max_connections=MOST_CONNECTIONS, max_keepalive_connections=0)
        )

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
            answer = await self._answer(method, service, path, headers=headers, **more)
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

    async def _answer(self, method: str, service: str, path: str, **more: Any) -> httpx.Response:
        """The answer of one instance: of the next one where nobody listens, or once more where a read broke off.

        Raises:
            httpx.HTTPError: of the last attempt.
        """
        failed: httpx.HTTPError = httpx.ConnectError("no address")
        may_break = method == "GET"
        client = self._pooled if may_break else self._fresh
        for instance in self._instances[service].in_turn():
            try:
                answer = await client.request(method, instance.address + path, **more)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                instance.is_away()
                failed = error
            except (httpx.NetworkError, httpx.RemoteProtocolError) as error:
                if not may_break:
                    raise
                may_break, failed = False, error
            else:
                if leaving.HEADER in answer.headers:
                    instance.leaves()
                return answer
        raise failed

    async def close(self) -> None:
        await self._pooled.aclose()
        await self._fresh.aclose()


async def _peers(request: Request) -> Peers:
    peers: Peers = request.app.state.service.calls
    return peers


Calls = Annotated[Peers, Depends(_peers)]
