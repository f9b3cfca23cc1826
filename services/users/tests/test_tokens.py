"""Tokens: what they say, how they are exchanged, and who may no longer (contract T1, T3)."""

import asyncio
import time
from uuid import UUID, uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from prometheus_client import REGISTRY
from pydantic import ValidationError
from sqlalchemy import select, update

from services.users.keys import Keyring
from services.users.models import RefreshToken, User
from services.users.settings import UsersSettings

REFRESH = "/api/v1/auth/refresh/"


def reused(outcome):
    return REGISTRY.get_sample_value("refresh_reuse_total", {"outcome": outcome})


async def exchange(client, token):
    return await client.post(REFRESH, json={"refresh": token})


def refused(reason):
    return {"detail": reason, "code": "token_not_valid"}


@pytest.fixture
def strict(settings, monkeypatch):
    monkeypatch.setattr(settings, "jwt_refresh_reuse", "strict")


def pem_of(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


async def test_both_tokens_say_what_the_contract_says(client, join, settings):
    ada = await join("Ada", is_staff=True)
    published = (await client.get("/.well-known/jwks.json")).json()["keys"]
    keys = {key["kid"]: jwt.PyJWK(key) for key in published}
    for token, kind, lifetime in (
        (ada.headers["Authorization"].removeprefix("Bearer "), "access", 3600),
        (ada.refresh, "refresh", 7 * 86400),
    ):
        header = jwt.get_unverified_header(token)
        claims = jwt.decode(token, keys[header["kid"]], ["EdDSA"])
        assert header["alg"] == "EdDSA"
        assert (claims["token_type"], claims["user_id"]) == (kind, str(ada.id))
        assert type(claims["exp"]) is type(claims["iat"]) is int
        assert claims["exp"] - claims["iat"] == lifetime
        assert claims["jti"] == UUID(claims["jti"]).hex
        assert claims.get("is_staff", False) is (kind == "access")
    assert not any("d" in key for key in published)


async def test_an_exchange_gives_a_successor_of_the_same_family(client, join, db):
    ada = await join("Ada")
    body = (await exchange(client, ada.refresh)).json()
    assert body["refresh"] != ada.refresh
    headers = {"Authorization": f"Bearer {body['access']}"}
    assert (await client.get("/api/v1/users/me/", headers=headers)).json()["id"] == str(ada.id)
    async with db.reading() as session:
        rows = (await session.scalars(select(RefreshToken).order_by(RefreshToken.rotated_at.nulls_last()))).all()
    assert [row.rotated_at is None for row in rows] == [False, True]
    assert len({row.family for row in rows}) == 1
    assert (await exchange(client, body["refresh"])).status_code == 200


async def test_in_compatible_mode_a_used_token_goes_on_giving_access_but_no_successors(client, join, db):
    ada = await join("Ada")
    await exchange(client, ada.refresh)
    again = [await exchange(client, ada.refresh) for _ in range(2)]
    assert [answer.json()["refresh"] for answer in again] == [ada.refresh] * 2
    assert len({answer.json()["access"] for answer in again}) == 2
    async with db.reading() as session:
        assert len((await session.scalars(select(RefreshToken.jti))).all()) == 2


@pytest.mark.usefixtures("strict")
async def test_in_strict_mode_a_used_token_ends_its_whole_family_and_no_other(client, join):
    ada = await join("Ada")
    other_phone = await client.post("/api/v1/auth/login/", json={"username": "Ada", "password": "a tall giraffe"})
    successor = (await exchange(client, ada.refresh)).json()["refresh"]
    for token in (ada.refresh, successor):
        answer = await exchange(client, token)
        assert (answer.status_code, answer.json()) == (401, refused("Token is blacklisted"))
    assert (await exchange(client, other_phone.json()["refresh"])).status_code == 200


@pytest.mark.usefixtures("strict")
async def test_in_strict_mode_parallel_exchanges_make_one_successor(client, join, db):
    ada = await join("Ada")
    answers = await asyncio.gather(*(exchange(client, ada.refresh) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]
    async with db.reading() as session:
        revoked = (await session.scalars(select(RefreshToken.revoked_at))).all()
    assert len(revoked) == 2
    assert None not in revoked


async def test_in_compatible_mode_parallel_exchanges_all_give_access(client, join, db):
    ada = await join("Ada")
    answers = await asyncio.gather(*(exchange(client, ada.refresh) for _ in range(4)))
    assert [answer.status_code for answer in answers] == [200] * 4
    async with db.reading() as session:
        assert len((await session.scalars(select(RefreshToken.jti))).all()) == 2


async def test_what_is_no_refresh_token_of_ours_is_refused_with_the_reason(client, join, settings):
    ada = await join("Ada")
    access = ada.headers["Authorization"].removeprefix("Bearer ")
    good = {"token_type": "refresh", "exp": int(time.time()) + 60, "jti": uuid4().hex, "user_id": str(ada.id)}
    foreign = Keyring(pem_of(Ed25519PrivateKey.generate()), settings.keyring.key_id, {})
    for token, reason in (
        (access, "Token has wrong type"),
        (settings.keyring.sign({**good, "exp": int(time.time()) - 1}), "Token is expired"),
        (settings.keyring.sign(good), "Token is invalid"),  # Nobody has issued it.
        (foreign.sign(good), "Token is invalid"),
        (Keyring("", "unknown", {}).sign(good), "Token is invalid"),
        (jwt.encode(good, None, "none", headers={"kid": settings.keyring.key_id}), "Token is invalid"),
        ("a.b.c", "Token is invalid"),
        ("é", "Token is invalid"),
        ("x", "Token is invalid"),
    ):
        answer = await exchange(client, token)
        assert (answer.status_code, answer.json()) == (401, refused(reason)), token
    missing = await client.post(REFRESH, json={})
    required = "This field is required."
    assert (missing.status_code, missing.json()) == (400, {"refresh": [required], "detail": required})


async def test_a_refresh_token_is_no_access_token(client, join):
    ada = await join("Ada")
    answer = await client.get("/api/v1/users/me/", headers={"Authorization": f"Bearer {ada.refresh}"})
    assert answer.status_code == 401
    assert answer.json()["messages"][0]["message"] == "Token has wrong type"


async def test_neither_the_inactive_nor_the_deleted_exchange_anything(client, join, db):
    ada = await join("Ada")
    async with db.transaction() as session:
        await session.execute(update(User).values(is_active=False))
    inactive = {"detail": "User is inactive", "code": "user_inactive"}
    for answer in (await exchange(client, ada.refresh), await client.get("/api/v1/users/me/", headers=ada.headers)):
        assert (answer.status_code, answer.json()) == (401, inactive)
    async with db.transaction() as session:
        await session.delete(await session.get_one(User, ada.id))
    answer = await exchange(client, ada.refresh)
    assert (answer.status_code, answer.json()) == (401, {"detail": "User not found", "code": "user_not_found"})


async def test_after_a_change_of_keys_the_old_tokens_are_good(client, join, settings, monkeypatch):
    ada = await join("Ada")
    old = Ed25519PrivateKey.generate()
    public = old.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    new = Keyring("", "", {"old": public.replace("\n", "\\n")})
    claims = {"token_type": "refresh", "exp": int(time.time()) + 60, "jti": uuid4().hex, "user_id": str(ada.id)}
    monkeypatch.setitem(settings.__dict__, "keyring", new)
    assert new.read(Keyring(pem_of(old), "old", {}).sign(claims)) == claims
    assert jwt.get_unverified_header(new.sign(claims))["kid"] == new.key_id
    published = (await client.get("/.well-known/jwks.json")).json()["keys"]
    assert {key["kid"] for key in published} == {"old", new.key_id}


def test_a_key_without_a_name_is_named_by_itself():
    assert Keyring("", "", {}).key_id != Keyring("", "", {}).key_id


def test_production_does_not_start_without_a_key(environment):
    given = {"environment": "production", "database_url": "x", "jwks_url": "x", "public_base_url": "x"}
    secrets = {"secret_key": "x", "nats_url": "x", "blob_url": "x"}
    with pytest.raises(ValidationError, match="JWT_PRIVATE_KEY"):
        UsersSettings(**given, **secrets, jwt_private_key="")


async def test_monitors_tell_a_client_that_knows_no_better_from_a_thief(client, join, strict, settings, monkeypatch):
    ada = await join("Ada")
    before = {outcome: reused(outcome) for outcome in ("tolerated", "revoked")}
    assert (await exchange(client, ada.refresh)).status_code == 200
    monkeypatch.setattr(settings, "jwt_refresh_reuse", "compatible")
    assert (await exchange(client, ada.refresh)).status_code == 200
    monkeypatch.setattr(settings, "jwt_refresh_reuse", "strict")
    assert (await exchange(client, ada.refresh)).status_code == 401
    assert (await exchange(client, ada.refresh)).status_code == 401
    assert {outcome: reused(outcome) - count for outcome, count in before.items()} == {"tolerated": 1, "revoked": 1}
