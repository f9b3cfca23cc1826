"""The compose project of this checkout as an installation, as its host sees it.

Its private networks cannot be reached from the host, and are not meant to be. So what can be told from files is looked
at here (`.env`, secrets, compose.yml, disks, ports, certificates); what must be asked runs inside, in the container
`commands` (`inside.py`), with the same code, and its findings are put beside ours.
"""

from pathlib import Path
from typing import Final

import yaml

from deploy.local.topology import MESH
from deploy.operate import env_file
from deploy.operate.compose_file import ComposeFile, Service
from deploy.operate.installation import Installation
from deploy.rollout.place import HERE

GATEWAYS: Final = ("gateway-1", "gateway-2")


def is_configured(folder: Path = HERE) -> bool:
    """Whether somebody has begun to set up the project here."""
    return (folder / ".env").exists() or (folder / "secrets").is_dir()


def composed(folder: Path = HERE) -> Installation:
    """What the files say; nothing of it need be there yet."""
    environment = read_env(folder / ".env")
    project = read_compose(folder, environment)
    told = {}
    for name in (*(process.name for process in MESH.processes), *GATEWAYS):
        if project and (service := project.services.get(name)):
            told[name] = told_by(service)
    gateway = next((told[name] for name in ("gateway", *GATEWAYS) if name in told), {})
    return Installation(
        "compose",
        f"the compose project in {folder}",
        told=told,
        public_url=environment.get("PUBLIC_BASE_URL", ""),
        port=_published(project),
        blobs=gateway.get("BLOB_URL", ""),
        backups=Path(environment["BACKUP_DIR"]) if Path(environment.get("BACKUP_DIR") or "/-").is_dir() else None,
        env_file=folder / ".env",
        secrets=folder / "secrets",
    )


def read_env(path: Path) -> dict[str, str]:
    """Nothing where there is no such file, or it cannot be read: the checks say so."""
    try:
        return {line.name: line.value for line in env_file.read(path) if line.name}
    except (OSError, UnicodeDecodeError):
        return {}


def read_compose(folder: Path, environment: dict[str, str]) -> ComposeFile | None:
    """The project; None where its file is missing or broken."""
    try:
        return ComposeFile.read(folder / "compose.yml", environment)
    except (OSError, yaml.YAMLError, KeyError, ValueError, TypeError, AttributeError):
        return None


def told_by(service: Service) -> dict[str, str]:
    """Its environment, and its secret files under the names of settings."""
    found = {}
    for key, path in service.secrets.items():
        try:
            found[key.upper()] = path.read_text().strip()
        except (OSError, UnicodeDecodeError):
            continue
    return found | service.environment


def _published(project: ComposeFile | None) -> int | None:
    """The port of this host at which people come in."""
    for service in project.services.values() if project else ():
        for port in service.ports:
            host = port.split("/")[0].rpartition(":")[0].rpartition(":")[2]
            if host.isdecimal():
                return int(host)
    return None
