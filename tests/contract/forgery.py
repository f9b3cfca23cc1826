"""Tokens as the users service would sign them, and as a forger would: with its own key, or with another."""

import base64
import json
import time
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.mesh import Mesh


def claims_of(token: str) -> dict[str, Any]:
    """What a token says, whoever signed it."""
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found


def claims(of: str, /, **changed: Any) -> dict[str, Any]:
    """Good claims of a user's access token; `None` leaves one out."""
    now = int(time.time())
    whole = {
        "token_type": "access",
        "exp": now + 600,
        "iat": now,
        "jti": uuid4().hex,
        "user_id": of,
        "is_staff": False,
        "is_superuser": False,
    }
    return {name: value for name, value in (whole | changed).items() if value is not None}


@dataclass(frozen=True)
class Forger:
    """Knows the real key, its `kid`, and the published half of it."""

    key: str
    kid: str
    published: bytes

    @classmethod
    def of(cls, mesh: Mesh, jwks: dict[str, Any]) -> "Forger":
        environment = mesh.process("users").environ()
        published = base64.urlsafe_b64decode(jwks["keys"][0]["x"] + "==")
        return cls(environment["JWT_PRIVATE_KEY"], jwks["keys"][0]["kid"], published)

    def signed(self, said: dict[str, Any]) -> str:
        """As the users service would."""
        return jwt.encode(said, self.key, "EdDSA", {"kid": self.kid})

    def by_a_foreign_key(self, said: dict[str, Any]) -> str:
        key = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return jwt.encode(said, key, "EdDSA", {"kid": self.kid})

    def by_the_public_half(self, said: dict[str, Any]) -> str:
        """HS256 with what everybody knows as its secret."""
        return jwt.encode(said, self.published, "HS256", {"kid": self.kid})

    def by_nobody(self, said: dict[str, Any]) -> str:
        return jwt.encode(said, None, "none", {"kid": self.kid})

    def of_another_kid(self, said: dict[str, Any]) -> str:
        return jwt.encode(said, self.key, "EdDSA", {"kid": "zzz"})

    def changed_afterwards(self, said: dict[str, Any]) -> str:
        head, body, signature = self.signed(said).split(".")
        more = json.loads(base64.urlsafe_b64decode(body + "==")) | {"is_staff": True}
        other = base64.urlsafe_b64encode(json.dumps(more).encode()).rstrip(b"=").decode()
        return f"{head}.{other}.{signature}"
