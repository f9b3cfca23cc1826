"""Who is let in: the contract's 401 in all its forms, also on public paths, and nobody by a header of their own."""

import time
from uuid import uuid4

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from libs.common.testing import KEY_ID, SignIn, make_token
from services.gateway.tests.conftest import OpenGateway
from services.gateway.tests.upstream import Upstream

PUBLIC_PATHS = ("/api/v1/users/", "/api/v1/auth/login/", "/api/v1/animals/", "/api/v1/taxonomy/search/")


async def test_a_good_token_is_passed_on(gateway: httpx.AsyncClient, upstream: Upstream, sign_in: SignIn) -> None:
    headers = sign_in()
    assert (await gateway.get("/api/v1/users/me/", headers=headers)).status_code == 200
    assert upstream.asked[-1].headers["authorization"] == headers["Authorization"]


@pytest.mark.parametrize("path", PUBLIC_PATHS)
async def test_a_broken_token_is_401_even_on_public_paths(
    gateway: httpx.AsyncClient, upstream: Upstream, path: str
) -> None:
    answer = await gateway.get(path, headers={"Authorization": "Bearer broken"})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="api"'
    assert answer.json() == {
        "detail": "Given token not valid for any token type",
        "code": "token_not_valid",
        "messages": [{"token_class": "AccessToken", "token_type": "access", "message": "Token is invalid"}],
    }
    assert not upstream.asked


@pytest.mark.parametrize("value", ["Bearer", "Bearer a b", "Bearer a b c"])
async def test_bearer_without_exactly_one_value_is_named(gateway: httpx.AsyncClient, value: str) -> None:
    answer = await gateway.get("/api/v1/users/me/", headers={"Authorization": value})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="api"'
    assert answer.json()["code"] == "bad_authorization_header"


async def test_two_authorization_headers_are_not_a_token(gateway: httpx.AsyncClient, sign_in: SignIn) -> None:
    token = sign_in()["Authorization"]
    answer = await gateway.get("/api/v1/users/me/", headers=[("Authorization", token), ("Authorization", token)])
    assert answer.json()["code"] == "bad_authorization_header"


async def test_other_schemes_are_no_credentials(gateway: httpx.AsyncClient, upstream: Upstream) -> None:
    assert (await gateway.get("/api/v1/users/me/", headers={"Authorization": "Token x"})).status_code == 200
    assert len(upstream.asked) == 1, "whether it needs a token is for the service to say"


async def test_expired_and_wrong_tokens_say_which(gateway: httpx.AsyncClient, signing_key: Ed25519PrivateKey) -> None:
    now = int(time.time())
    for claims, message in (
        ({"exp": now - 1}, "Token is expired"),
        ({"token_type": "refresh"}, "Token has wrong type"),
        ({"iat": now + 3600}, "Token is invalid"),
        ({"exp": str(now + 3600)}, "Token is invalid"),
        ({"nbf": now + 3600}, "Token is invalid"),
    ):
        token = make_token(signing_key, uuid4(), **claims)
        answer = await gateway.get("/api/v1/users/me/", headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.json()["messages"][0]["message"]) == (401, message), claims


async def test_forged_tokens_are_refused(gateway: httpx.AsyncClient, signing_key: Ed25519PrivateKey) -> None:
    good = make_token(signing_key, uuid4())
    claims = jwt.decode(good, options={"verify_signature": False})
    public = signing_key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    forged = [
        make_token(Ed25519PrivateKey.generate(), uuid4()),
        jwt.encode(claims, None, algorithm="none", headers={"kid": KEY_ID}),
        jwt.encode(claims, public, algorithm="HS256", headers={"kid": KEY_ID}),
        jwt.encode(claims, signing_key, algorithm="EdDSA", headers={"kid": "../../dev/null"}),
        good[:-4] + "AAAA",
        good + ".x",
        "." * 3000,
    ]
    for token in forged:
        answer = await gateway.get("/api/v1/users/me/", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401, token


async def test_a_token_that_expires_is_refused_although_it_was_good_before(
    gateway: httpx.AsyncClient, signing_key: Ed25519PrivateKey
) -> None:
    until = int(time.time()) + 2
    headers = {"Authorization": f"Bearer {make_token(signing_key, uuid4(), exp=until)}"}
    assert (await gateway.get("/api/v1/users/me/", headers=headers)).status_code == 200
    answer = await gateway.get("/api/v1/users/me/", headers=headers)
    while answer.status_code == 200 and time.time() < until + 1:
        answer = await gateway.get("/api/v1/users/me/", headers=headers)
    assert answer.json()["messages"][0]["message"] == "Token is expired"


async def test_deleted_and_inactive_users_are_refused_at_once(
    gateway: httpx.AsyncClient, upstream: Upstream, sign_in: SignIn
) -> None:
    gone, idle = uuid4(), uuid4()
    for user in (gone, idle):
        assert (await gateway.get("/api/v1/users/me/", headers=sign_in(user))).status_code == 200
    revocations = gateway.house.revocations  # type: ignore[attr-defined]
    revocations.learn("user.deleted", {"id": str(gone), "version": 2})
    revocations.learn("user.updated", {"id": str(idle), "version": 2, "is_active": False})
    answer = await gateway.get("/api/v1/animals/", headers=sign_in(gone))
    assert (answer.status_code, answer.json()) == (401, {"detail": "User not found", "code": "user_not_found"})
    answer = await gateway.get("/api/v1/animals/", headers=sign_in(idle))
    assert (answer.status_code, answer.json()) == (401, {"detail": "User is inactive", "code": "user_inactive"})
    assert answer.headers["www-authenticate"] == 'Bearer realm="api"'


async def test_nobody_is_somebody_by_a_header(gateway: httpx.AsyncClient, upstream: Upstream) -> None:
    made_up = {
        "X-User-Id": str(uuid4()),
        "X-User-Is-Staff": "true",
        "X-Internal-Token": "x",
        "X-Forwarded-For": "1.2.3.4",
        "Forwarded": "for=1.2.3.4",
        "X-Original-URL": "/internal/",
        "X-HTTP-Method-Override": "DELETE",
        "X-Consistency-Token": f"dex/{uuid4()}@9",
        "X-Request-Id": "mine",
        "traceparent": "00-" + "ab" * 16 + "-" + "cd" * 8 + "-01",
        "baggage": "user=admin",
        "Cookie": "session=1",
        "Connection": "X-Client-Version",
    }
    answer = await gateway.get("/api/v1/users/me/", headers={**made_up, "X-Client-Version": "1.2"})
    headers = upstream.asked[-1].headers
    allowed = {"host", "accept", "accept-encoding", "user-agent", "x-client-version", "x-request-id", "traceparent"}
    assert set(headers) <= allowed, set(headers) - allowed
    assert headers["x-request-id"] not in ("mine", "")
    assert answer.headers["x-request-id"] == headers["x-request-id"]
    assert "ab" * 16 not in headers.get("traceparent", "")


async def test_without_reachable_keys_a_token_is_503_and_anonymous_reads_go_on(
    open_gateway: OpenGateway, upstream: Upstream, dead_url: str, sign_in: SignIn
) -> None:
    async with open_gateway(jwks_url=f"{dead_url}/.well-known/jwks.json") as gateway:
        assert (await gateway.get("/api/v1/animals/", headers=sign_in())).status_code == 503
        assert (await gateway.get("/api/v1/animals/")).status_code == 200
