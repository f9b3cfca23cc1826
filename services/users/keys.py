"""The key that signs tokens, and the public keys that everybody verifies them with (contract T1)."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from jwt.algorithms import OKPAlgorithm
from jwt.utils import base64url_encode

ALGORITHM = "EdDSA"


class Keyring:
    """One key signs; retired keys go on verifying, so that a change of keys signs nobody out."""

    def __init__(self, private_pem: str, key_id: str, retired: Mapping[str, str]) -> None:
        self._private = _private_key(private_pem) if private_pem else Ed25519PrivateKey.generate()
        public = self._private.public_key()
        self.key_id = key_id or _thumbprint(public)
        self._public = {kid: _public_key(pem) for kid, pem in retired.items()} | {self.key_id: public}

    def sign(self, claims: Mapping[str, Any]) -> str:
        """A signed token that names its key by `kid`."""
        return jwt.encode(dict(claims), self._private, ALGORITHM, headers={"kid": self.key_id})

    def read(self, token: str) -> dict[str, Any]:
        """The claims of a token that one of these keys has signed and that has not expired.

        Raises:
            jwt.ExpiredSignatureError: it was good once.
            jwt.PyJWTError: anything else.
        """
        key = self._public.get(jwt.get_unverified_header(token).get("kid", ""))
        if key is None:
            raise jwt.InvalidKeyError
        # Only tokens of our own get this far: a clock that runs ahead elsewhere must not make them "not yet valid".
        return jwt.decode(token, key, [ALGORITHM], options={"require": ["exp"], "verify_iat": False})

    def published(self) -> dict[str, list[dict[str, Any]]]:
        """The public keys as a JWK set (RFC 7517)."""
        return {
            "keys": [
                {**OKPAlgorithm.to_jwk(key, as_dict=True), "kid": kid, "alg": ALGORITHM, "use": "sig"}
                for kid, key in self._public.items()
            ]
        }


def _private_key(pem: str) -> Ed25519PrivateKey:
    # Environment files cannot hold line breaks everywhere.
    key = load_pem_private_key(pem.replace("\\n", "\n").encode(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError("JWT_PRIVATE_KEY must be an Ed25519 key")
    return key


def _public_key(pem: str) -> Ed25519PublicKey:
    key = load_pem_public_key(pem.replace("\\n", "\n").encode())
    if not isinstance(key, Ed25519PublicKey):
        raise TypeError("JWT_RETIRED_KEYS must hold Ed25519 public keys")
    return key


def _thumbprint(key: Ed25519PublicKey) -> str:
    """The key's name made from the key itself (RFC 7638): another key is never taken for it."""
    jwk = OKPAlgorithm.to_jwk(key, as_dict=True)
    canonical = json.dumps({name: jwk[name] for name in ("crv", "kty", "x")}, separators=(",", ":"))
    return base64url_encode(hashlib.sha256(canonical.encode()).digest()).decode()
