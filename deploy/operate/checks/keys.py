"""The keys of tokens: there, of the right kind, named by their own name, and those that everybody is given."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Final

import jwt

from deploy.operate.findings import Finding, care, wrong
from deploy.operate.installation import Installation
from deploy.operate.state import State
from services.users.keys import Keyring

OF_THE_KEY: Final = re.compile(r"[0-9a-f]{16}")
"""The form in which `deploy.new_secrets` names a key: by the key itself."""

BROKEN = wrong(
    "keys.wrong-type",
    "JWT_PRIVATE_KEY is no Ed25519 key in PEM: the users service cannot sign anybody in.",
    "restore the key, or make a new one: ./bdx keys rotate",
)
RETIRED = wrong(
    "keys.retired-broken",
    "JWT_RETIRED_KEYS cannot be read: it is JSON, public Ed25519 keys in PEM by their id.",
    "restore it, or remove it: tokens of those keys are then refused",
)
OTHER_ID = care(
    "keys.id-of-another",
    "JWT_KEY_ID is the name of another key: whoever has kept the old one under it refuses all tokens for minutes.",
    "change key and id together: ./bdx keys rotate",
)
SERVED = wrong(
    "keys.served-differ",
    "The public keys that users publishes are not those of its secrets: it runs with older ones.",
    "restart the users service, one instance after the other",
)
UNEQUAL = wrong(
    "keys.instances-differ",
    "Two instances of users publish different keys: tokens of the one are refused by the other.",
    "give both the same secrets, and restart them",
)
KINDS = (BROKEN, RETIRED, OTHER_ID, SERVED, UNEQUAL)
FINE = "the signing key is good, and everybody is given its public half"


def check(installation: Installation, state: State) -> Iterator[Finding]:
    yield from compare(installation, published_by(state))


def applies(installation: Installation) -> bool:
    """Whether there is a key to be looked at; that there is none is told by the secrets."""
    return installation.runs or any(told.get("JWT_PRIVATE_KEY") for told in installation.told.values())


def published_by(state: State) -> dict[str, dict[str, str]]:
    """Process → the public keys that it gives, by their id."""
    return {name: seen.keys for name, seen in state.processes.items() if seen.keys is not None}


def compare(installation: Installation, published: Mapping[str, Mapping[str, str]]) -> Iterator[Finding]:
    """The keys of the secrets, and what is published wherever that was asked."""
    told = next((told for told in installation.told.values() if told.get("JWT_PRIVATE_KEY")), None)
    for name, keys in published.items():
        if keys != next(iter(published.values())):
            yield UNEQUAL.found(f"{name} publishes other keys than {next(iter(published))}")
    if told is None:
        return
    try:
        keyring = Keyring(told["JWT_PRIVATE_KEY"], told.get("JWT_KEY_ID", ""), {})
    except (ValueError, TypeError) as error:
        yield BROKEN.found(f"JWT_PRIVATE_KEY: {error}".splitlines()[0])
        return
    try:
        own = _public(Keyring(told["JWT_PRIVATE_KEY"], told.get("JWT_KEY_ID", ""), _retired(told)))
    except (ValueError, TypeError, AttributeError) as error:
        yield RETIRED.found(f"JWT_RETIRED_KEYS: {error}".splitlines()[0])
        own = _public(keyring)
    raw = jwt.utils.base64url_decode(_public(keyring)[keyring.key_id])
    if OF_THE_KEY.fullmatch(keyring.key_id) and keyring.key_id != hashlib.sha256(raw).hexdigest()[:16]:
        yield OTHER_ID.found(
            f"{keyring.key_id} is not the name of this key, which is {hashlib.sha256(raw).hexdigest()[:16]}"
        )
    for name, keys in published.items():
        if keys != own:
            yield SERVED.found(f"{name} publishes {', '.join(keys) or 'none'}; its secrets say {', '.join(own)}")


def _public(keyring: Keyring) -> dict[str, str]:
    return {key["kid"]: key["x"] for key in keyring.published()["keys"]}


def _retired(told: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = json.loads(told.get("JWT_RETIRED_KEYS") or "{}")
    return found
