"""T3: the exchange of refresh tokens, tolerant as the shipping client needs it, and strict."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from deploy.local.player import Player
from tests.answers import Ask, asking, body_of, refused
from tests.contract.forgery import Forger, claims, claims_of
from tests.contract.own_processes import running
from tests.mesh import Mesh, NewPlayer
from tests.shapes import fits

TOKENS = {"access": str, "refresh": str}
BLACKLISTED = {"detail": "Token is blacklisted", "code": "token_not_valid"}


@pytest.fixture(scope="module")
async def strictly(mesh: Mesh) -> AsyncIterator[Ask]:
    """A users service that takes each refresh token once."""
    async with running(mesh, "users", JWT_REFRESH_REUSE="strict") as url, asking(url) as found:
        yield found


async def login(ask: Ask, player: Player) -> str:
    body = {"username": player.name, "password": "a photo of a tawny owl"}
    return str(body_of(await ask(None, "POST", "/auth/login/", json=body))["refresh"])


async def exchange(ask: Ask, refresh: Any) -> httpx.Response:
    return await ask(None, "POST", "/auth/refresh/", json={"refresh": refresh})


async def works(ask: Ask, access: str) -> bool:
    answer = await ask(None, "GET", "/users/me/", headers={"Authorization": f"Bearer {access}"})
    return answer.status_code == 200


async def test_the_first_exchange_gives_a_successor(ask: Ask, ada: Player) -> None:
    first = await login(ask, ada)
    body = body_of(await exchange(ask, first))
    fits(body, TOKENS)
    assert body["refresh"] != first
    assert claims_of(body["refresh"])["token_type"] == "refresh"
    assert await works(ask, body["access"])
    assert body_of(await exchange(ask, body["refresh"]))["refresh"] not in (first, body["refresh"])


async def test_the_login_token_is_good_for_ever_but_makes_no_new_ones(ask: Ask, ada: Player) -> None:
    first = await login(ask, ada)
    await exchange(ask, first)
    for _ in range(3):
        body = body_of(await exchange(ask, first))
        assert body["refresh"] == first
        assert await works(ask, body["access"])


async def test_simultaneous_exchanges(ask: Ask, ada: Player) -> None:
    first = await login(ask, ada)
    answers = await asyncio.gather(*(exchange(ask, first) for _ in range(6)))
    refreshed = [body_of(answer)["refresh"] for answer in answers]
    assert len(set(refreshed) - {first}) == 1


async def strictly_body(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_strict_reuse_revokes_the_family(strictly: Ask, ada: Player) -> None:
    first, other_family = (await _login(strictly, ada)), (await _login(strictly, ada))
    second = (await strictly_body(await exchange(strictly, first), 200))["refresh"]
    third = (await strictly_body(await exchange(strictly, second), 200))["refresh"]
    assert await strictly_body(await exchange(strictly, first), 401) == BLACKLISTED
    for token in (second, third, first):
        assert await strictly_body(await exchange(strictly, token), 401) == BLACKLISTED
    await strictly_body(await exchange(strictly, other_family), 200)


async def test_strict_simultaneous_exchanges_have_one_successor(strictly: Ask, ada: Player) -> None:
    first = await _login(strictly, ada)
    answers = await asyncio.gather(*(exchange(strictly, first) for _ in range(4)))
    assert {answer.status_code for answer in answers} <= {200, 401}
    assert len({answer.json()["refresh"] for answer in answers if answer.status_code == 200}) == 1


async def _login(ask: Ask, player: Player) -> str:
    body = {"username": player.name, "password": "a photo of a tawny owl"}
    return str((await strictly_body(await ask(None, "POST", "/auth/login/", json=body), 200))["refresh"])


async def test_what_is_missing(ask: Ask) -> None:
    answer = await ask(None, "POST", "/auth/refresh/", json={})
    refused(answer, 400, {"refresh": ["This field is required."]})
    refused(await exchange(ask, ""), 400, {"refresh": ["This field may not be blank."]})


@pytest.mark.parametrize("token", ["x", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "ä" * 50, "a" * 4000])
async def test_what_is_no_token(ask: Ask, token: str) -> None:
    refused(await exchange(ask, token), 401, {"detail": "Token is invalid", "code": "token_not_valid"})


async def test_other_tokens_are_refused(ask: Ask, mesh: Mesh, web: httpx.AsyncClient, ada: Player) -> None:
    forger = Forger.of(mesh, body_of(await web.get("/.well-known/jwks.json")))
    access = ada.authorization.removeprefix("Bearer ")
    refused(await exchange(ask, access), 401, {"detail": "Token has wrong type", "code": "token_not_valid"})
    expired = forger.signed(claims(ada.id, token_type="refresh", exp=1_000_000_000))
    refused(await exchange(ask, expired), 401, {"detail": "Token is expired", "code": "token_not_valid"})
    foreign = forger.by_a_foreign_key(claims(ada.id, token_type="refresh"))
    refused(await exchange(ask, foreign), 401, {"detail": "Token is invalid", "code": "token_not_valid"})
    unknown = forger.signed(claims(ada.id, token_type="refresh"))
    refused(await exchange(ask, unknown), 401, {"detail": "Token is invalid", "code": "token_not_valid"})


async def test_the_token_of_a_deleted_user(ask: Ask, new_player: NewPlayer) -> None:
    eve = await new_player("eve")
    refresh = await login(ask, eve)
    assert (await ask(eve, "DELETE", "/users/me/")).status_code == 204
    refused(await exchange(ask, refresh), 401, {"detail": "User not found", "code": "user_not_found"})
