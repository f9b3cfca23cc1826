"""Makes the secrets of a new installation, a folder for each: `python -m deploy.new_secrets FOLDER`.

A file for each key. What is in them is random and written nowhere else; the folder as a whole is for its owner only.
What is in it may be read by everybody who gets that far: compose mounts `FOLDER/NAME` into containers, whose user is
another one (deploy/compose/README.md). `kubectl create secret generic NAME --from-file=FOLDER/NAME` takes them into a
cluster (deploy/k8s/README.md). What others give (keys of a model's provider, of an object store, of Sentry) is not made
here: put it in as a further file.
"""

import argparse
import hashlib
import json
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from deploy.local.nats import ADMIN, bus_users
from deploy.local.roles import DATABASE
from deploy.local.topology import MESH

GATEWAY = "gateway"
BUS_SERVERS = 3

Secrets = dict[str, dict[str, str]]
"""By secret and key."""


def new_secrets(*, database: str, bus: str) -> Secrets:
    """A whole set. `database` and `bus` are `host:port` as the services reach them; `bus` may be a headless service."""
    secret_key = secrets.token_urlsafe(48)
    admin = secrets.token_urlsafe(24)
    bus_passwords = {user: secrets.token_urlsafe(24) for user in (ADMIN, *bus_users())}
    made: Secrets = {
        GATEWAY: {"nats_url": _bus_url(GATEWAY, bus_passwords, bus)},
        "provision": {"nats_url": _bus_url(ADMIN, bus_passwords, bus)},
        "roles": {"admin_database_url": f"postgresql://postgres:{admin}@{database}/postgres"},
        "postgres-admin": {"username": "postgres", "password": admin},
        "nats": _bus_servers(bus_passwords, bus),
        "grafana": {"admin_password": secrets.token_urlsafe(24)},
        # Nothing yet: whom it tells of alerts is known by whoever installs it.
        "alertmanager": {},
    }
    for schema in MESH.schemas:
        made[schema] = {
            "database_url": f"postgresql+asyncpg://{schema}:{secrets.token_urlsafe(24)}@{database}/{DATABASE}",
            "nats_url": _bus_url(schema, bus_passwords, bus),
            "secret_key": secret_key,
        }
    for signer in {process.service for process in MESH.processes if process.signs_tokens}:
        made[signer] |= _signing_key()
    return made


def write(made: Mapping[str, Mapping[str, str]], folder: Path) -> None:
    """Raises FileExistsError: there is something already; secrets are not overwritten."""
    folder.mkdir(mode=0o700, parents=True)
    for name, files in made.items():
        (folder / name).mkdir()
        for key, value in files.items():
            path = folder / name / key
            path.write_text(value)
            path.chmod(0o644)
        # Whatever the umask.
        (folder / name).chmod(0o755)


def _bus_url(user: str, passwords: Mapping[str, str], bus: str) -> str:
    return f"nats://{user}:{passwords[user]}@{bus}"


def _bus_servers(passwords: Mapping[str, str], bus: str) -> dict[str, str]:
    """What the servers know: everybody's password as a variable, and how they find each other."""
    among_themselves = secrets.token_urlsafe(24)
    service = bus.partition(":")[0]
    routes = [f"nats://cluster:{among_themselves}@nats-{n}.{service}:6222" for n in range(BUS_SERVERS)]
    variables = (f"NATS_{user.upper()}_PASSWORD: {json.dumps(password)}\n" for user, password in passwords.items())
    return {
        "passwords.conf": "".join(variables),
        "cluster.conf": (
            f"authorization {{ user: cluster, password: {json.dumps(among_themselves)}, timeout: 5 }}\n"
            f"routes: {json.dumps(routes)}\n"
        ),
    }


def _signing_key() -> dict[str, str]:
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return {
        "jwt_private_key": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        "jwt_key_id": hashlib.sha256(public).hexdigest()[:16],
    }


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m deploy.new_secrets", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="is made; must not be there yet")
    parser.add_argument("--database", default="postgres-rw:5432", help="host:port of PostgreSQL (%(default)s)")
    parser.add_argument("--bus", default="nats:4222", help="host:port of NATS (%(default)s)")
    given = parser.parse_args(arguments)
    try:
        write(new_secrets(database=given.database, bus=given.bus), given.folder)
    except FileExistsError:
        print(f"{given.folder} is there already; nothing was made", file=sys.stderr)
        return 1
    print(f"{given.folder}: a folder for each secret, for kubectl create secret generic NAME --from-file=…")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
