"""What every answer has to be, whichever route gives it (contract 0.2, G3)."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx

from deploy.local.player import Player

Ask = Callable[..., Awaitable[httpx.Response]]
"""`await ask(ada, "GET", "/users/me/")`; `None` in the place of the player asks without a token."""

Json = dict[str, Any]

SECURITY = {
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


@asynccontextmanager
async def asking(url: str) -> AsyncIterator[Ask]:
    """Asks the API at `url` (the gateway's), follows no redirect."""
    async with httpx.AsyncClient(base_url=f"{url}/api/v1", timeout=60) as client:

        async def ask(who: Player | None, method: str, path: str, **more: Any) -> httpx.Response:
            headers = dict(more.pop("headers", {}))
            if who is not None:
                headers.setdefault("Authorization", who.authorization)
            return await client.request(method, path, headers=headers, **more)

        yield ask


def body_of(answer: httpx.Response, status: int = 200) -> Json:
    """The JSON object that the answer is (rule 1 of contract 0.2)."""
    assert answer.status_code == status, f"{answer.request.method} {answer.request.url}: {answer.text[:500]}"
    assert answer.headers["content-type"].split(";")[0] == "application/json"
    found = answer.json()
    assert isinstance(found, dict), found
    assert {name: answer.headers.get(name) for name in SECURITY} == SECURITY
    return found


def refused(answer: httpx.Response, status: int, body: Json) -> None:
    """The answer is this error to the letter; `detail` is added by the rule of contract G3."""
    expected = dict(body)
    if "detail" not in expected:
        first = next(iter(expected.values()))
        expected["detail"] = first[0] if isinstance(first, list) else first
    found = body_of(answer, status)
    assert isinstance(found["detail"], str)
    assert found == expected
