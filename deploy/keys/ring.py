"""The keys of tokens at one moment, and what becomes of them step by step. Pure.

A verifier that meets a key it does not know asks for the published ones, but not twice within seconds, and keeps what
it was told for minutes. So a key is published first, signs when everybody has had time to ask, and goes on being
published until the last token that it signed has ended.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)


class NoKey(Exception):
    """There is no signing key here that could be changed; the text says why."""


@dataclass(frozen=True)
class Ring:
    """What the users service is told, and what only those who change it know.

    private, key_id  the key that signs, and its name (`kid`)
    others           public keys by name that are published besides: the next one, and retired ones
    retired_at       since when a retired one signs no more
    next_private     the next one, once it is published and before it signs
    """

    private: str = field(repr=False)
    key_id: str
    others: Mapping[str, str] = field(default_factory=dict)
    retired_at: Mapping[str, datetime] = field(default_factory=dict)
    next_private: str = field(default="", repr=False)

    @property
    def next_id(self) -> str:
        """The name of the next key; empty while there is none."""
        return name_of(_read(self.next_private)) if self.next_private else ""

    def with_next(self) -> "Ring":
        """A new key is published; one that is already stays the next."""
        if self.next_private:
            return replace(self, others={**self.others, self.next_id: public_pem(self.next_private)})
        key = Ed25519PrivateKey.generate()
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        return replace(self, next_private=pem).with_next()

    def turned(self, moment: datetime) -> "Ring":
        """The next key signs; the one before is retired. May be said again where it was only half written down."""
        published = dict(self.others)
        if name_of(_read(self.private)) != self.next_id:
            published[self.key_id] = public_pem(self.private)
        others = {name: pem for name, pem in published.items() if name != self.next_id}
        return Ring(self.next_private, self.next_id, others, dict.fromkeys(others, moment) | dict(self.retired_at))

    def without(self, before: datetime) -> "Ring":
        """Keys that were retired earlier are published no more. Of whom nobody knows since when: they stay."""
        gone = {name for name, since in self.retired_at.items() if since < before}
        return replace(
            self,
            others={name: pem for name, pem in self.others.items() if name not in gone},
            retired_at={name: since for name, since in self.retired_at.items() if name not in gone},
        )

    def alone(self) -> "Ring":
        """Only what signs is published: every other key's tokens are worth nothing from now on."""
        return Ring(self.private, self.key_id)

    def needed_until(self, name: str, lifetime: timedelta) -> datetime | None:
        """When the last token of a retired key ends; None where it is not known, or the key is not retired."""
        since = self.retired_at.get(name)
        return since + lifetime if since else None


def name_of(key: Ed25519PrivateKey) -> str:
    """A key is named by itself, as `deploy.new_secrets` does: no other key is ever taken for it."""
    return hashlib.sha256(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]


def public_pem(private: str) -> str:
    """The public half of a private key."""
    key: Ed25519PublicKey = _read(private).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _read(private: str) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(private.replace("\\n", "\n").encode(), password=None)
    except ValueError as error:
        raise NoKey(f"the signing key cannot be read: {error}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise NoKey("the signing key is no Ed25519 key")
    return key
