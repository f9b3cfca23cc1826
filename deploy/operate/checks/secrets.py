"""Secrets as files (`deploy/secrets/<service>/<key>`): complete, strong, different, closed to others, and fitting."""

import re
import stat
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from deploy.local.nats import ADMIN, bus_users
from deploy.local.roles import DATABASE
from deploy.local.topology import MESH
from deploy.operate.findings import Finding, wrong
from deploy.operate.installation import Installation
from deploy.operate.state import State
from libs.common.bus_permissions import password_variable

LEAST_KEY: Final = 32
LEAST_PASSWORD: Final = 16
CONTAINERS_USER: Final = 10001
LEAST_CHARACTERS: Final = 8
"""Different ones: `aaaaaaaaaaaaaaaa` is long, too."""

MISSING = wrong(
    "secrets.missing",
    "A service lacks a secret's file, or it is empty.",
    "restore it from where your keys are kept; on a new host: python -m deploy.new_secrets deploy/secrets …",
)
OPEN = wrong(
    "secrets.open-to-others",
    "Others on this machine may read a secret.",
    "chmod 700 deploy/secrets (the files in it have to be readable for the containers' user)",
)
CLOSED = wrong(
    "secrets.closed-to-containers",
    "The user in the containers cannot read a secret: a bind mount keeps the host's owner and mode.",
    "chmod 755 deploy/secrets/*; chmod 644 deploy/secrets/*/*; chmod 700 deploy/secrets",
)
WEAK = wrong(
    "secrets.weak",
    f"A secret can be guessed: a key below {LEAST_KEY} characters, a password below {LEAST_PASSWORD}, or a repetition.",
    "make a random one and put it in both places; then run roles again, or restart nats",
)
EQUAL = wrong(
    "secrets.equal",
    "Two who must be told apart have the same password.",
    "make a new one for each; then run roles again, or restart nats",
)
KEYS = wrong(
    "secrets.secret-key-differs",
    "SECRET_KEY is not the same in all services.",
    "give all services the one that users has",
)
BUS = wrong(
    "secrets.bus-password-differs",
    "A service's password of the bus is not the one that the server knows.",
    "make both the same (nats_url, nats/passwords.conf), then restart nats and the service",
)
ADDRESS = wrong(
    "secrets.address",
    "An address names another user or database than its service's own.",
    "write it as python -m deploy.new_secrets does",
)
ADMIN_DIFFERS = wrong(
    "secrets.admin-password-differs",
    "The administrator's password in roles/admin_database_url is not that of postgres-admin/password.",
    "make both the same",
)
KINDS = (MISSING, OPEN, CLOSED, WEAK, EQUAL, KEYS, BUS, ADDRESS, ADMIN_DIFFERS)
FINE = "the secrets are complete, strong and closed to others, and fit each other"
SIGNER: Final = next(process.service for process in MESH.processes if process.signs_tokens)
NEEDED: Final = {
    **dict.fromkeys(MESH.schemas, ("database_url", "nats_url", "secret_key")),
    SIGNER: ("database_url", "nats_url", "secret_key", "jwt_private_key", "jwt_key_id"),
    "gateway": ("nats_url",),
    "provision": ("nats_url",),
    "roles": ("admin_database_url",),
    "nats": ("passwords.conf",),
}


def check(installation: Installation, _state: State) -> Iterator[Finding]:
    folder = installation.secrets
    if folder is None or not (folder.is_dir() or (installation.env_file and installation.env_file.exists())):
        return
    texts = {f"{name}/{key}": _text(folder / name / key) for name, keys in NEEDED.items() for key in keys}
    if not any(texts.values()):
        yield MISSING.found(f"{folder} is empty", "python -m deploy.new_secrets deploy/secrets --database … --bus …")
        return
    for name, text in texts.items():
        if not text:
            yield MISSING.found(f"{name} is missing")
    yield from _modes(folder)
    yield from _keys(texts)
    yield from _passwords(texts, _text(folder / "postgres-admin" / "password"))


def _modes(folder: Path) -> Iterator[Finding]:
    """Closed as a whole, and open inside: a folder in it is what a container sees."""
    is_closed = not folder.stat().st_mode & stat.S_IXOTH
    for path in sorted(folder.rglob("*")):
        found = path.stat()
        told = f"{path.relative_to(folder)} has mode {stat.S_IMODE(found.st_mode):o}"
        needed = stat.S_IROTH | (stat.S_IXOTH if path.is_dir() else 0)
        if found.st_mode & needed != needed and found.st_uid != CONTAINERS_USER:
            yield CLOSED.found(told)
        elif path.is_file() and not is_closed and found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield OPEN.found(told)


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _keys(texts: Mapping[str, str]) -> Iterator[Finding]:
    keys = {name: texts[f"{name}/secret_key"] for name in MESH.schemas if texts[f"{name}/secret_key"]}
    common = Counter(keys.values()).most_common(1)
    for name, key in keys.items():
        if key != common[0][0]:
            yield KEYS.found(f"{name}/secret_key is not that of the others")
    if common and _is_weak(common[0][0], LEAST_KEY):
        yield WEAK.found("secret_key can be guessed")


def _passwords(texts: Mapping[str, str], admin: str) -> Iterator[Finding]:
    known = dict(re.findall(r'(\w+): "([^"]*)"', texts["nats/passwords.conf"]))
    passwords: dict[str, str] = {}
    for name, text in texts.items():
        service, _, key = name.partition("/")
        if not key.endswith("_url") or not text:
            continue
        parts = urlsplit(text.partition(",")[0])
        passwords[name] = unquote(parts.password or "")
        user = ADMIN if service == "provision" else "postgres" if service == "roles" else service
        if parts.username != user or (key == "database_url" and parts.path != f"/{DATABASE}"):
            yield ADDRESS.found(
                f"{name} must name the user {user}{f' and /{DATABASE}' if key == 'database_url' else ''}"
            )
        elif key == "nats_url" and user in (ADMIN, *bus_users()):
            if texts["nats/passwords.conf"] and passwords[name] != known.get(password_variable(user)):
                yield BUS.found(f"{name} has another password than the server for {user}")
        elif service == "roles" and admin and passwords[name] != admin:
            yield ADMIN_DIFFERS.found("roles and postgres-admin have different passwords")
    for name, password in passwords.items():
        if _is_weak(password, LEAST_PASSWORD):
            yield WEAK.found(f"the password in {name} can be guessed")
    for password, count in Counter(passwords.values()).items():
        if count > 1 and password:
            yield EQUAL.found(f"{' and '.join(name for name, each in passwords.items() if each == password)} are equal")


def _is_weak(text: str, least: int) -> bool:
    return len(text) < least or len(set(text)) < LEAST_CHARACTERS
