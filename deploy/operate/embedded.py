"""The embedded stack as an installation: by its topology file, its credentials, and what its processes were told."""

import json
import subprocess
from pathlib import Path
from typing import Any

import psutil

from deploy.local.processes import CHECKOUT
from deploy.local.topology import MESH
from deploy.operate.installation import Installation, Process, Told
from libs.common.version import VERSION

SERVICES = {process.name: process.service for process in MESH.processes}


def embedded(folder: Path) -> Installation:
    """The stack of a data folder, whether or not it runs; whether it answers is seen later.

    Raises:
        ValueError: its topology file cannot be read.
    """
    file = folder / "topology.json"
    if not file.exists():
        return Installation("embedded", f"the stack in {folder}", data_dir=folder, **_at_rest(folder))
    topology: dict[str, Any] = json.loads(file.read_text())
    processes = tuple(
        Process(name, SERVICES.get(name, name.rpartition("-")[0] or name), told["url"], told["pid"])
        for name, told in topology["processes"].items()
        if told["url"]
    )
    backups = topology.get("backups")
    return Installation(
        "embedded",
        f"the stack in {folder}",
        runs=True,
        data_dir=folder,
        processes=processes,
        told={process.name: told for process in processes if (told := told_to(process.pid))},
        databases=dict(topology["postgres"]["urls"]),
        bus=topology["nats"]["url"],
        bus_users=topology["nats"]["urls"],
        bus_monitor=topology["nats"]["monitor_url"] or "",
        public_url=topology["url"],
        code=(VERSION, checked_out()),
        port=int(topology["url"].rpartition(":")[2]),
        blobs=topology["blobs"],
        backups=Path(backups) if backups else None,
        spool=folder / "wal" if backups else None,
    )


def _at_rest(folder: Path) -> dict[str, Any]:
    """What can be said of a stack that does not run; the keys it would hand on are in its credentials."""
    backups = folder / "backups"
    found: dict[str, Any] = {"blobs": f"file://{folder / 'blobs'}", "backups": backups if backups.is_dir() else None}
    credentials = folder / "credentials.json"
    if credentials.exists():
        kept = json.loads(credentials.read_text())
        names = ("secret_key", "jwt_private_key", "jwt_key_id")
        found["told"] = {"users": {name.upper(): kept.get(name, "") for name in names}}
    return found


def checked_out() -> str:
    """The commit of this checkout, from which an embedded stack runs; `+` where files have been changed since."""
    try:
        command = ["git", "-C", str(CHECKOUT), "describe", "--always", "--dirty=+", "--abbrev=12", "--exclude=*"]
        return subprocess.run(command, capture_output=True, text=True, timeout=2, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def told_to(pid: int | None) -> Told:
    """The environment a process was started with; empty where it has ended or belongs to somebody else."""
    try:
        return psutil.Process(pid).environ() if pid else {}
    except psutil.Error:
        return {}
