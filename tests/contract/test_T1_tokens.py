"""T1: what tokens say, who signs them, and which ones are believed."""

import base64
import time
from typing import Any

import httpx
import pytest

from deploy.local.player import Player
from tests.answers import Ask, body_of, refused
from tests.contract.forgery import Forger, claims, claims_of
from tests.contract.test_G4_permissions import bad_token
from tests.mesh import Mesh, NewPlayer
from tests.shapes import matching, uuid

HOUR, WEEK = 3600, 7 * 24 * 3600


@pytest.fixture(scope="module")
async def forger(mesh: Mesh, web: httpx.AsyncClient) -> Forger:
    return Forger.of(mesh, body_of(await web.get("/.well-known/jwks.json")))


async def believed(ask: Ask, token: str, path: str = "/users/me/") -> httpx.Response:
    return await ask(None, "GET", path, headers={"Authorization": f"Bearer {token}"})


async def signed_in(ask: Ask, player: Player) -> dict[str, Any]:
    body = {"username": player.name, "password": "a photo of a tawny owl"}
    return body_of(await ask(None, "POST", "/auth/login/", json=body))


async def test_the_public_keys_are_published(web: httpx.AsyncClient) -> None:
    (key, *_) = body_of(await web.get("/.well-known/jwks.json"))["keys"]
    assert (key["kty"], key["crv"]) == ("OKP", "Ed25519")
    assert len(base64.urlsafe_b64decode(key["x"] + "==")) == 32
    assert key["kid"]
    assert "d" not in key


async def test_the_claims(ask: Ask, ada: Player) -> None:
    tokens = await signed_in(ask, ada)
    for name, kind, lifetime in (("access", "access", HOUR), ("refresh", "refresh", WEEK)):
        said = claims_of(tokens[name])
        assert said["token_type"] == kind
        assert said["user_id"] == ada.id
        assert uuid(said["user_id"])
        assert matching(r"[0-9a-f]{32}")(said["jti"])
        assert isinstance(said["exp"], int)
        assert isinstance(said["iat"], int)
        assert said["exp"] - said["iat"] == lifetime
        assert abs(said["iat"] - time.time()) < 60


async def test_every_token_is_another(ask: Ask, ada: Player) -> None:
    one, other = await signed_in(ask, ada), await signed_in(ask, ada)
    jtis = {claims_of(tokens[name])["jti"] for tokens in (one, other) for name in ("access", "refresh")}
    assert len(jtis) == 4


async def test_a_refresh_token_is_no_bearer(ask: Ask, ada: Player) -> None:
    tokens = await signed_in(ask, ada)
    refused(await believed(ask, tokens["refresh"]), 401, bad_token("Token has wrong type"))


async def test_the_forger_can_sign_at_all(ask: Ask, ada: Player, forger: Forger) -> None:
    """Else the tests below would show nothing."""
    assert body_of(await believed(ask, forger.signed(claims(ada.id))))["id"] == ada.id


@pytest.mark.parametrize(
    "way", ["by_a_foreign_key", "by_the_public_half", "by_nobody", "of_another_kid", "changed_afterwards"]
)
async def test_forged_tokens(ask: Ask, ada: Player, forger: Forger, way: str) -> None:
    token = getattr(forger, way)(claims(ada.id))
    for path in ("/users/me/", "/animals/", "/dex/entries/my_entries/"):
        refused(await believed(ask, token, path), 401, bad_token("Token is invalid"))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"exp": 1_000_000_000}, "Token is expired"),
        ({"exp": -1}, "Token is expired"),
        ({"token_type": "refresh"}, "Token has wrong type"),
        ({"token_type": "sliding"}, "Token has wrong type"),
        ({"exp": None}, "Token is invalid"),
        ({"user_id": None}, "Token is invalid"),
        ({"user_id": "zz"}, "Token is invalid"),
        ({"user_id": 7}, "Token is invalid"),
        ({"exp": "9999999999"}, "Token is invalid"),
        ({"iat": 9_000_000_000}, "Token is invalid"),
        ({"nbf": 9_000_000_000}, "Token is invalid"),
    ],
)
async def test_claims_that_are_not_good(
    ask: Ask, ada: Player, forger: Forger, changed: dict[str, Any], message: str
) -> None:
    refused(await believed(ask, forger.signed(claims(ada.id, **changed))), 401, bad_token(message))


async def test_there_is_no_leeway_after_the_expiry_but_some_for_clocks(ask: Ask, ada: Player, forger: Forger) -> None:
    now = int(time.time())
    refused(await believed(ask, forger.signed(claims(ada.id, exp=now - 1))), 401, bad_token("Token is expired"))
    ahead = claims(ada.id, iat=now + 20, nbf=now + 20, iss="somebody", aud="biologidex", family="x")
    assert (await believed(ask, forger.signed(ahead))).status_code == 200


async def test_a_token_of_somebody_who_never_was(ask: Ask, forger: Forger) -> None:
    answer = await believed(ask, forger.signed(claims("00000000-0000-4000-8000-000000000000")))
    refused(answer, 401, {"detail": "User not found", "code": "user_not_found"})


async def test_a_deleted_user_is_out_at_once(ask: Ask, new_player: NewPlayer) -> None:
    eve = await new_player("eve")
    tokens = await signed_in(ask, eve)
    assert (await ask(eve, "DELETE", "/users/me/")).status_code == 204
    gone = {"detail": "User not found", "code": "user_not_found"}
    for path in ("/users/me/", "/dex/entries/my_entries/", "/graph/tree/?mode=personal"):
        refused(await believed(ask, tokens["access"], path), 401, gone)
    refused(await ask(None, "POST", "/auth/refresh/", json={"refresh": tokens["refresh"]}), 401, gone)


async def test_there_is_no_logout(ask: Ask, ada: Player) -> None:
    refused(await ask(ada, "POST", "/auth/logout/", json={}), 404, {"detail": "Not found."})
