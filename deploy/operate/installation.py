"""An installation as the commands see it from where they stand: what is there, and by which address."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Told = Mapping[str, str]
"""Settings by the names of contract K, secrets among them."""


@dataclass(frozen=True, slots=True)
class Process:
    """One process, by its own private address. `spare`: it need not run, as a stand-in that is there for a deploy."""

    name: str
    service: str
    url: str
    pid: int | None = None
    spare: bool = False


@dataclass(frozen=True)
class Installation:
    """All of it may be missing: `doctor` looks before anything runs, and from outside at what is closed to it.

    kind           embedded: a stack in a data folder · compose: the project of this checkout, seen from its host ·
                   environment: by variables and secret files, as in the container `commands`
    runs           whether anything is up, or should be: only then is it asked
    told           process → what it is told; empty where that cannot be seen
    databases      service → its role's address (`postgresql+asyncpg://…`)
    bus            the administrator's address of NATS; `bus_users`: service → its own; `bus_monitor`: figures by HTTP
    code           version and commit of what runs, where that is known without asking
    blobs          BLOB_URL · backups: BACKUP_DIR, if there is one · spool: where the database puts finished log
    env_file, secrets   deploy/.env and deploy/secrets, for compose
    """

    kind: Literal["embedded", "compose", "environment"]
    title: str
    runs: bool = False
    data_dir: Path | None = None
    processes: tuple[Process, ...] = ()
    told: Mapping[str, Told] = field(default_factory=dict)
    databases: Mapping[str, str] = field(default_factory=dict)
    bus: str = ""
    bus_users: Mapping[str, str] = field(default_factory=dict)
    bus_monitor: str = ""
    public_url: str = ""
    code: tuple[str, str] = ("", "")
    port: int | None = None
    blobs: str = ""
    backups: Path | None = None
    spool: Path | None = None
    env_file: Path | None = None
    secrets: Path | None = None

    @property
    def blob_folder(self) -> Path | None:
        """Where pictures lie, if that is a folder that can be seen from here."""
        path = Path(self.blobs.removeprefix("file://"))
        return path if self.blobs.startswith("file://") and path.is_dir() else None

    @property
    def disks(self) -> dict[str, Path]:
        """Folders whose disk must not fill, by what is in them."""
        named = {
            "data": self.data_dir,
            "pictures": self.blob_folder,
            "backups": self.backups,
            "this machine": Path("/") if self.kind == "compose" else None,
        }
        return {name: path for name, path in named.items() if path is not None and path.is_dir()}
