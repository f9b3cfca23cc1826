"""Keys that change, and exchanges whose answer is lost (hardening 2D 107, 110)."""

import json
import socket
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from deploy.local.player import Player
from tests.answers import Ask, asking, body_of
from tests.contract.forgery import claims, claims_of
from tests.contract.own_processes import running
from tests.mesh import Mesh, until

PASSWORD = "a photo of a tawny owl"


async def test_107_keys_change_without_signing_anybody_out(mesh: Mesh, ada: Player) -> None:
    """A users service with a new key and the old one retired: its tokens and the old ones are good, others are not."""
    new, old = Ed25519PrivateKey.generate(), mesh.process("users").environ()["JWT_PRIVATE_KEY"]
    pem = new.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    retired = jwt.algorithms.OKPAlgorithm().prepare_key(old).public_key()  # type: ignore[union-attr]
    public = retired.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    old_kid = jwt.get_unverified_header(ada.authorization.removeprefix("Bearer "))["kid"]
    changed = {"JWT_PRIVATE_KEY": pem, "JWT_KEY_ID": "second", "JWT_RETIRED_KEYS": json.dumps({old_kid: public})}
    async with running(mesh, "users", **changed) as users:
        async with (
            running(mesh, "animals", JWKS_URL=f"{users}/.well-known/jwks.json") as animals,
            asking(animals) as ask,
        ):
            signed_in = httpx.post(f"{users}/api/v1/auth/login/", json={"username": ada.name, "password": PASSWORD})
            fresh = signed_in.json()["access"]
            assert jwt.get_unverified_header(fresh)["kid"] == "second"
            unknown = jwt.encode(claims(ada.id), new, "EdDSA", {"kid": "third"})
            for token, status in ((fresh, 200), (ada.authorization.removeprefix("Bearer "), 200), (unknown, 401)):
                answer = await ask(None, "GET", "/animals/", headers={"Authorization": f"Bearer {token}"})
                assert answer.status_code == status
        async with asking(users) as ask:
            refreshed = body_of_service(
                await ask(None, "POST", "/auth/refresh/", json={"refresh": signed_in.json()["refresh"]})
            )
            assert claims_of(refreshed["access"])["user_id"] == ada.id


def body_of_service(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_110_an_exchange_whose_answer_is_lost_is_simply_repeated(mesh: Mesh, ask: Ask, ada: Player) -> None:
    """The client hangs up after the exchange was written down; the same token gives access again."""
    login = body_of(await ask(None, "POST", "/auth/login/", json={"username": ada.name, "password": PASSWORD}))
    jti = UUID(claims_of(login["refresh"])["jti"])
    body = json.dumps({"refresh": login["refresh"]}).encode()
    address = urlsplit(mesh.url)
    head = f"POST /api/v1/auth/refresh/ HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Type: application/json\r\n"
    with socket.create_connection((address.hostname, address.port), timeout=5) as connection:
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        database = await asyncpg.connect(mesh.topology["postgres"]["admin_url"])

        async def is_written() -> bool:
            query = "SELECT rotated_at IS NOT NULL FROM users.refresh_tokens WHERE jti = $1"
            return bool(await database.fetchval(query, jti))

        await until(is_written, 10)
        await database.close()
    again = body_of(await ask(None, "POST", "/auth/refresh/", json={"refresh": login["refresh"]}))
    answer = await ask(None, "GET", "/users/me/", headers={"Authorization": f"Bearer {again['access']}"})
    assert answer.status_code == 200
