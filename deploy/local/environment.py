"""What each process of the stack is told by its environment (contract K)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.credentials import Credentials
from deploy.local.processes import MARK
from deploy.local.topology import Process

# For the stack itself, or for one process alone: never handed on as they came.
OURS = (
    *("ADMIN_DATABASE_URL", "DATABASE_URL", "JWT_PRIVATE_KEY", "JWT_KEY_ID"),
    *("DATA_DIR", "BACKUP_DIR", "ARCHIVE_TIMEOUT", "PORT", "HOST", MARK),
)


@dataclass(frozen=True)
class Surroundings:
    """What the processes of one stack have in common.

    given      the environment of whoever started the stack: settings in it are handed on
    addresses  the variable by which a process is found → its URL (`USERS_URL` …); several instances: comma separated
    databases  schema → URL of its role
    nats_url   the administrator's address, for preparations
    nats_urls  service → address of its own user; None: all use `nats_url`, because the server is not ours
    """

    given: Mapping[str, str]
    data_dir: Path
    blobs: Path
    public_url: str
    nats_url: str
    addresses: Mapping[str, str]
    databases: Mapping[str, str]
    credentials: Credentials
    nats_urls: Mapping[str, str] | None = None

    def of(self, process: Process, port: int) -> dict[str, str]:
        """The environment of a process that listens on `port`."""
        told = self.shared() | {"SERVICE_NAME": process.name, "HOST": "127.0.0.1", "PORT": str(port)}
        if self.nats_urls is not None:
            told["NATS_URL"] = self.nats_urls.get(process.service, "")
        if process.schema:
            told["DATABASE_URL"] = self.databases[process.schema]
        if process.signs_tokens:
            told |= self.signing_key()
        return told

    def of_preparation(self) -> dict[str, str]:
        """The environment of a command that works for all services: `MIGRATE_<SCHEMA>_DATABASE_URL` for each."""
        return self.shared() | {f"MIGRATE_{schema.upper()}_DATABASE_URL": url for schema, url in self.databases.items()}

    def shared(self) -> dict[str, str]:
        """What all of them are told; what the starter has set wins where it is a setting and not an address of ours."""
        by_default = {
            "ENVIRONMENT": "embedded",
            "PUBLIC_BASE_URL": self.public_url,
            "BLOB_URL": f"file://{self.blobs}",
            "SECRET_KEY": self.credentials.secret_key,
            # Eight processes share the machine: fewer idle threads and memory arenas for each.
            "OPENBLAS_NUM_THREADS": "1",
            "MALLOC_ARENA_MAX": "2",
        }
        ours = {MARK: str(self.data_dir), "NATS_URL": self.nats_url, **self.addresses}
        if "USERS_URL" in self.addresses:
            users = self.addresses["USERS_URL"].split(",")
            ours["JWKS_URL"] = ",".join(f"{address}/.well-known/jwks.json" for address in users)
        return by_default | without_ours(self.given) | ours

    def signing_key(self) -> dict[str, str]:
        """The key of the tokens as it is kept at this moment; it may be another one later (`./bdx keys`)."""
        if self.given.get("JWT_PRIVATE_KEY"):
            return {name: self.given[name] for name in ("JWT_PRIVATE_KEY", "JWT_KEY_ID") if name in self.given}
        kept = Credentials.kept_in(self.data_dir, ())
        retired = json.loads(self.given.get("JWT_RETIRED_KEYS") or "{}") | kept.jwt_retired_keys
        return {
            "JWT_PRIVATE_KEY": kept.jwt_private_key,
            "JWT_KEY_ID": kept.jwt_key_id,
            # Also when there are none: there may have been some when the stack was started.
            "JWT_RETIRED_KEYS": json.dumps(retired),
        }


def without_ours(given: Mapping[str, str]) -> dict[str, str]:
    """What may be handed on of the starter's environment; an empty value counts as not set."""
    return {name: value for name, value in given.items() if value and name not in OURS}
