"""Hardening 2D 97–111: which tokens are believed, at the gateway and at every service by itself."""

import asyncio
import base64
import json
import socket
import time
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg
import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from deploy.local.player import Player
from tests.answers import Ask, body_of
from tests.contract.forgery import Forger, claims
from tests.contract.test_G4_permissions import bad_token
from tests.mesh import Mesh, NewPlayer, until

DOORS = {
    "gateway": "/api/v1/users/me/",
    "users": "/api/v1/users/me/",
    "animals": "/api/v1/animals/",
    "dex": "/api/v1/dex/entries/my_entries/",
    "social": "/api/v1/social/friendships/friends/",
    "vision": "/api/v1/vision/jobs/",
    "graph": "/api/v1/graph/tree/",
}
PASSWORD = "a photo of a tawny owl"


@pytest.fixture(scope="module")
async def forger(mesh: Mesh, web: httpx.AsyncClient) -> Forger:
    return Forger.of(mesh, body_of(await web.get("/.well-known/jwks.json")))


@pytest.fixture(scope="module")
async def doors(mesh: Mesh) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
    """Each process that takes requests, asked without the gateway between (2G 145)."""
    clients = {name: httpx.AsyncClient(base_url=mesh.topology["processes"][name]["url"], timeout=30) for name in DOORS}
    yield clients
    for client in clients.values():
        await client.aclose()


def encoded(part: Any) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def with_header(forger: Forger, said: dict[str, Any], **header: Any) -> str:
    """Rightly signed, whatever the header says besides."""
    return jwt.encode(said, forger.key, "EdDSA", {"kid": forger.kid, **header})


def raw_header(forger: Forger, said: dict[str, Any], header: bytes) -> str:
    """Rightly signed over a header that no library would write."""
    key = jwt.algorithms.OKPAlgorithm().prepare_key(forger.key)
    signed = f"{encoded(header)}.{encoded(said)}"
    return f"{signed}.{encoded(key.sign(signed.encode()))}"  # type: ignore[union-attr, call-arg]


def public_pem(forger: Forger) -> bytes:
    key = jwt.algorithms.OKPAlgorithm().prepare_key(forger.key).public_key()  # type: ignore[union-attr]
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def hs256(secret: bytes, said: dict[str, Any], kid: str) -> str:
    """By hand: the library refuses to make such a token."""
    import hashlib
    import hmac

    signed = f"{encoded({'alg': 'HS256', 'typ': 'JWT', 'kid': kid})}.{encoded(said)}"
    return f"{signed}.{encoded(hmac.digest(secret, signed.encode(), hashlib.sha256))}"


HEADERS: dict[str, Callable[[Forger, dict[str, Any]], str]] = {
    "97 alg none": lambda f, s: f.by_nobody(s),
    "97 alg NoNe": lambda f, s: f"{encoded({'alg': 'NoNe', 'kid': f.kid})}.{encoded(s)}.",
    "97 alg 1": lambda f, s: raw_header(f, s, json.dumps({"alg": 1, "kid": f.kid}).encode()),
    "97 alg in a list": lambda f, s: raw_header(f, s, json.dumps({"alg": ["EdDSA"], "kid": f.kid}).encode()),
    "97 no alg": lambda f, s: raw_header(f, s, json.dumps({"kid": f.kid}).encode()),
    "97 HS256 by the public key": lambda f, s: f.by_the_public_half(s),
    "97 HS256 by the public PEM": lambda f, s: hs256(public_pem(f), s, f.kid),
    "97 HS256 by nothing": lambda f, s: hs256(b"", s, f.kid),
    "97 another key": lambda f, s: f.by_a_foreign_key(s),
    "97 changed afterwards": lambda f, s: f.changed_afterwards(s),
    "103 kid of a file": lambda f, s: with_header(f, s, kid="../../dev/null"),
    "103 kid of a statement": lambda f, s: with_header(f, s, kid="' or 1=1 --"),
    "103 kid is a number": lambda f, s: raw_header(f, s, json.dumps({"alg": "EdDSA", "kid": 1}).encode()),
    "103 kid is a list": lambda f, s: raw_header(f, s, json.dumps({"alg": "EdDSA", "kid": [f.kid]}).encode()),
    "103 no kid": lambda f, s: raw_header(f, s, b'{"alg":"EdDSA"}'),
    "104 unknown crit": lambda f, s: raw_header(
        f, s, json.dumps({"alg": "EdDSA", "kid": f.kid, "crit": ["exp"], "exp": 1}).encode()
    ),
    "104 b64 false": lambda f, s: raw_header(
        f, s, json.dumps({"alg": "EdDSA", "kid": f.kid, "b64": False, "crit": ["b64"]}).encode()
    ),
    "105 no JSON": lambda f, s: raw_header(f, s, b"\xff\x00"),
    "105 a deep header": lambda f, s: raw_header(f, s, b"[" * 2900),
    "105 a deep claim": lambda f, s: f"{f.signed(s).split('.')[0]}.{encoded(b'[' * 2900)}.{'A' * 86}",
    "105 four parts": lambda f, s: f.signed(s) + ".x",
    "105 one part": lambda f, s: f.signed(s).replace(".", ""),
    "105 bad signature letters": lambda f, s: f.signed(s)[:-2] + "!!",
    "105 latin letters": lambda f, s: f.signed(s) + "\u00e9",
    "105 dots": lambda f, s: "." * 3000,
    "105 too long": lambda f, s: with_header(f, s, filler="x" * 4000),
}


@pytest.mark.parametrize("way", HEADERS)
@pytest.mark.parametrize("door", DOORS)
async def test_97_to_105_forged_and_broken_tokens(
    doors: dict[str, httpx.AsyncClient], ada: Player, forger: Forger, way: str, door: str
) -> None:
    token = HEADERS[way](forger, claims(ada.id))
    answer = await doors[door].get(DOORS[door], headers={"Authorization": f"Bearer {token}".encode("latin-1")})
    assert (answer.status_code, answer.json()) == (401, bad_token("Token is invalid"))
    assert answer.headers["www-authenticate"] == 'Bearer realm="api"'


async def test_103_addresses_of_keys_in_a_header_are_not_followed(
    doors: dict[str, httpx.AsyncClient], ada: Player, forger: Forger
) -> None:
    """The token is good by the key that we know; a foreign one is not made good by naming itself."""
    with socket.create_server(("127.0.0.1", 0)) as trap:
        trap.setblocking(False)
        url = f"http://127.0.0.1:{trap.getsockname()[1]}/jwks.json"
        foreign = Ed25519PrivateKey.generate()
        jwk = jwt.algorithms.OKPAlgorithm.to_jwk(foreign.public_key(), as_dict=True)
        pem = foreign.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        header = {"kid": forger.kid, "jku": url, "x5u": url, "jwk": jwk}
        for door, client in doors.items():
            token = jwt.encode(claims(ada.id), pem, "EdDSA", header)
            answer = await client.get(DOORS[door], headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == 401, door
        with pytest.raises(BlockingIOError):
            trap.accept()


NOW = int(time.time())
CLAIMS: dict[str, tuple[dict[str, Any], str]] = {
    "98 expired": ({"exp": NOW - 1}, "Token is expired"),
    "98 issued in the future": ({"iat": NOW + 86_400}, "Token is invalid"),
    "98 not yet": ({"nbf": NOW + 86_400}, "Token is invalid"),
    "99 no exp": ({"exp": None}, "Token is invalid"),
    "99 no iat": ({"iat": None}, "Token is invalid"),
    "99 no jti": ({"jti": None}, "Token is invalid"),
    "99 no user": ({"user_id": None}, "Token is invalid"),
    "99 no kind": ({"token_type": None}, "Token is invalid"),
    "100 exp as text": ({"exp": "9999999999"}, "Token is invalid"),
    "100 exp as a fraction": ({"exp": NOW + 86_400.5}, "Token is invalid"),
    "100 iat as text": ({"iat": str(NOW)}, "Token is invalid"),
    "100 iat is true": ({"iat": True}, "Token is invalid"),
    "100 nbf as text": ({"nbf": "0"}, "Token is invalid"),
    "100 jti is a number": ({"jti": 7}, "Token is invalid"),
    "100 jti is short": ({"jti": "ab"}, "Token is invalid"),
    "100 user is a number": ({"user_id": 7}, "Token is invalid"),
    "100 user is a list": ({"user_id": []}, "Token is invalid"),
    "102 refresh": ({"token_type": "refresh"}, "Token has wrong type"),
    "102 kind is a list": ({"token_type": ["access"]}, "Token has wrong type"),
    "102 kind in capitals": ({"token_type": "ACCESS"}, "Token has wrong type"),
}


@pytest.mark.parametrize("what", CLAIMS)
async def test_98_to_102_claims(doors: dict[str, httpx.AsyncClient], ada: Player, forger: Forger, what: str) -> None:
    changed, message = CLAIMS[what]
    token = forger.signed(claims(ada.id, **changed))
    for door, client in doors.items():
        answer = await client.get(DOORS[door], headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.json()) == (401, bad_token(message)), door


async def test_98_a_process_whose_clock_is_half_a_minute_late_believes_fresh_tokens(
    doors: dict[str, httpx.AsyncClient], ada: Player, forger: Forger
) -> None:
    """As seen from it they are issued in the future; no clock needs to be set to show it."""
    ahead = int(time.time()) + 25
    token = forger.signed(claims(ada.id, iat=ahead, nbf=ahead))
    for door, client in doors.items():
        answer = await client.get(DOORS[door], headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200, door


async def test_a_flag_must_be_true_to_count(ask: Ask, ada: Player, forger: Forger) -> None:
    """`"true"`, 1 and lists in the place of a flag make nobody staff."""
    for flag in ("true", 1, ["x"], {"a": 1}):
        token = forger.signed(claims(ada.id, is_staff=flag, is_superuser=flag))
        answer = await ask(None, "GET", "/users/", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 403, flag


async def test_105_a_token_of_a_megabyte_costs_nothing(doors: dict[str, httpx.AsyncClient], mesh: Mesh) -> None:
    """The edge cuts it off (431, or the connection); services behind it refuse it; nobody answers 5xx."""
    header = b"GET /api/v1/users/me/ HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " + b"a" * 1_000_000
    for door in ("gateway", "dex"):
        address = urlsplit(str(doors[door].base_url))
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        answer = b""
        try:
            writer.write(header + b"\r\nConnection: close\r\n\r\n")
            answer = await asyncio.wait_for(reader.read(), 10)
        except ConnectionError:
            pass
        finally:
            writer.close()
        assert answer[9:12] in (b"", b"400", b"401", b"431"), answer[:100]
        assert (await doors[door].get("/ready/")).status_code == 200


async def test_106_a_deactivated_player_is_out_everywhere(
    mesh: Mesh, doors: dict[str, httpx.AsyncClient], staff: Player, new_player: NewPlayer, ask: Ask
) -> None:
    """No route deactivates: the operator sets the flag, and any change of the profile tells the others."""
    eve = await new_player("eve")
    database = await asyncpg.connect(mesh.topology["postgres"]["admin_url"])
    await database.execute("UPDATE users.users SET is_active = false WHERE id = $1", UUID(eve.id))
    body_of(await ask(staff, "PATCH", f"/users/{eve.id}/", json={"bio": "Away."}))
    gone = {"detail": "User is inactive", "code": "user_inactive"}
    for door, client in doors.items():

        async def is_out(door: str = door, client: httpx.AsyncClient = client) -> bool:
            answer = await client.get(DOORS[door], headers={"Authorization": eve.authorization})
            return answer.status_code == 401 and answer.json() == gone

        await until(is_out, 10)
    await database.execute("UPDATE users.users SET is_active = true WHERE id = $1", UUID(eve.id))
    body_of(await ask(staff, "PATCH", f"/users/{eve.id}/", json={"bio": "Back."}))
    for door, client in doors.items():

        async def is_back(door: str = door, client: httpx.AsyncClient = client) -> bool:
            answer = await client.get(DOORS[door], headers={"Authorization": eve.authorization})
            return answer.status_code == 200

        await until(is_back, 10)
    await database.close()


async def test_102_hostile_refresh_tokens(ask: Ask, ada: Player, forger: Forger) -> None:
    """Rightly signed ones included: what they lack makes them invalid, and never a 5xx."""
    good = claims(ada.id, token_type="refresh")
    lacking = [forger.signed({**good, name: value}) for name in ("user_id", "jti") for value in (7, "x", [], {"a": 1})]
    missing = [forger.signed({k: v for k, v in good.items() if k != name}) for name in ("user_id", "jti", "exp")]
    forged = [make(forger, good) for name, make in HEADERS.items() if "crit" not in name]
    strange: list[Any] = [forger.signed({**good, "jti": str(uuid4())}), "\x00", "a" * 100_000, {"a": 1}, ["x"], 7, None]
    for token in [*lacking, *missing, *forged, *strange]:
        answer = await ask(None, "POST", "/auth/refresh/", json={"refresh": token})
        assert answer.status_code in (400, 401), (str(token)[:80], answer.text)
        assert body_of(answer, answer.status_code)["detail"]
