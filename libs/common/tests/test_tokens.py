"""Tokens verified once are forgotten with the key that signed them."""

import asyncio
import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from libs.common import tokens
from libs.common.tokens import InvalidToken, TokenVerifier


@pytest.fixture
def published():
    """The keys by `kid`, as a real server publishes them, and its address."""
    keys: dict[str, Ed25519PrivateKey] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            told = [
                {**json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(key.public_key())), "kid": kid}
                for kid, key in keys.items()
            ]
            body = json.dumps({"keys": told}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield keys, f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def token_of(kid: str, key: Ed25519PrivateKey) -> str:
    moment = int(time.time())
    claims = {
        "iat": moment,
        "exp": moment + 600,
        "jti": uuid4().hex,
        "user_id": str(uuid4()),
        "token_type": "access",
    }
    return jwt.encode(claims, key, "EdDSA", {"kid": kid})


async def test_a_token_known_already_ends_with_its_key(published, monkeypatch):
    keys, url = published
    keys["old"] = Ed25519PrivateKey.generate()
    token, verifier = token_of("old", keys["old"]), TokenVerifier(url)
    known = await verifier.verify(token)
    keys["new"] = keys.pop("old")
    assert await verifier.verify(token) is known  # Nobody is asked again while the keys are fresh.

    monkeypatch.setattr(tokens, "KEYS_ARE_FRESH_SECONDS", 0.0)
    monkeypatch.setattr(tokens, "REFETCH_SECONDS", 0.0)
    with pytest.raises(InvalidToken):
        async with asyncio.timeout(10):
            while True:
                await verifier.verify(token)
                await asyncio.sleep(0)


async def test_known_tokens_go_on_while_nobody_publishes(published, monkeypatch):
    keys, url = published
    keys["only"] = Ed25519PrivateKey.generate()
    token, verifier = token_of("only", keys["only"]), TokenVerifier(url)
    known = await verifier.verify(token)

    verifier._published = TokenVerifier("http://127.0.0.1:9/")._published
    monkeypatch.setattr(tokens, "KEYS_ARE_FRESH_SECONDS", 0.0)
    monkeypatch.setattr(tokens, "REFETCH_SECONDS", 0.0)
    for _ in range(3):
        assert await verifier.verify(token) is known
        assert verifier._refreshing is not None
        await verifier._refreshing
