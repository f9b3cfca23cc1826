"""The secrets of one embedded stack: made once, kept in its data folder."""

import hashlib
import json
import secrets
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from deploy.local.data_folder import write_private


def _password() -> str:
    """Letters, digits, `-` and `_` only: it goes into addresses as it is."""
    return secrets.token_urlsafe(24)


@dataclass
class Credentials:
    """Passwords of the servers and roles, and the keys that users would be told about by an operator elsewhere."""

    admin_password: str = field(default_factory=_password)
    nats_password: str = field(default_factory=_password)
    secret_key: str = field(default_factory=_password)
    jwt_private_key: str = ""
    jwt_key_id: str = ""
    jwt_retired_keys: dict[str, str] = field(default_factory=dict)
    role_passwords: dict[str, str] = field(default_factory=dict)
    bus_passwords: dict[str, str] = field(default_factory=dict)

    @classmethod
    def kept_in(cls, folder: Path, roles: Iterable[str], bus_users: Iterable[str] = ()) -> "Credentials":
        """Those of `folder`, after what is still missing (all of it at first) was made and written down."""
        path = folder / "credentials.json"
        known = json.loads(path.read_text()) if path.exists() else {}
        kept = cls(**deepcopy(known))
        if not kept.jwt_private_key:
            key = Ed25519PrivateKey.generate()
            pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
            kept.jwt_private_key, kept.jwt_key_id = pem.decode(), hashlib.sha256(public).hexdigest()[:16]
        for role in roles:
            kept.role_passwords.setdefault(role, _password())
        for user in bus_users:
            kept.bus_passwords.setdefault(user, _password())
        if asdict(kept) != known:
            write_private(path, asdict(kept))
        return kept
