"""What an answer to a hostile request has to be, whatever was asked (contract 0.2, G3)."""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Any

import httpx

from deploy.local.player import Player
from tests.answers import SECURITY, Ask

AT_ONCE = 4
TRIES = 6
REFUSALS = frozenset({400, 401, 403, 404, 413, 414, 415, 431})


def problem_of(answer: httpx.Response, about: str, allowed: Iterable[int] = ()) -> str:
    """Empty when the answer is one that the contract knows; `allowed` limits the statuses."""
    allowed = frozenset(allowed)
    if answer.status_code >= 500 or (allowed and answer.status_code not in allowed):
        return f"{about}: {answer.status_code} {answer.text[:200]}"
    if answer.status_code >= 400:
        try:
            body = answer.json()
        except ValueError:
            return f"{about}: no JSON {answer.text[:200]}"
        if not isinstance(body, dict) or not isinstance(body.get("detail"), str):
            return f"{about}: no detail {answer.text[:200]}"
        if {name: answer.headers.get(name) for name in SECURITY} != SECURITY:
            return f"{about}: headers {dict(answer.headers)}"
    return ""


async def all_of(questions: Iterable[Awaitable[str]]) -> list[str]:
    """The problems of many questions, a few of which are asked at once."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(question: Awaitable[str]) -> str:
        async with places:
            return await question

    return [found for found in await asyncio.gather(*(one(each) for each in questions)) if found]


def patient(ask: Ask) -> Ask:
    """Comes back when told to: a busy machine turns requests away, hostile or not. What stays away fails the test."""

    async def asked(who: Player | None, method: str, path: str, **more: Any) -> httpx.Response:
        answer = await ask(who, method, path, **more)
        for _ in range(TRIES):
            if answer.status_code != 503 or "retry-after" not in answer.headers:
                break
            await asyncio.sleep(float(answer.headers["retry-after"]))
            answer = await ask(who, method, path, **more)
        return answer

    return asked
