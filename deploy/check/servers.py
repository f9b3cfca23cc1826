"""Has NATS and nginx read what an overlay gives them, with passwords as `deploy.new_secrets` makes them."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from deploy.check.cluster import Cluster
from deploy.check.outcome import Outcome
from deploy.local.failure import StackFailure
from deploy.local.nats import binary
from deploy.new_secrets import new_secrets

FRONT_FILES: Final = ("nginx.conf", "listen.conf", "trusted.conf", "gateways.conf")
SYSTEM_PATHS: Final = "/usr/sbin:/usr/local/sbin:/opt/homebrew/bin"


def the_bus_reads_its_configuration(clusters: Mapping[str, Cluster]) -> Outcome:
    name = "configuration of NATS"
    try:
        program = binary()
    except StackFailure as why:
        return Outcome.skipped(name, str(why))
    findings: list[str] = []
    for overlay, cluster in clusters.items():
        with tempfile.TemporaryDirectory() as folder:
            files = configure_bus(cluster, Path(folder))
            done = subprocess.run(
                [program, "-t", "--config", files],
                capture_output=True,
                text=True,
                check=False,
                env=os.environ | {"POD_NAME": "nats-0"},
            )
        if done.returncode:
            findings.append(f"{overlay}: {done.stderr.strip()}")
    return Outcome.of(name, findings, f"{len(clusters)} overlays")


def configure_bus(cluster: Cluster, folder: Path) -> Path:
    """Lays the files as the pod has them, puts them together as the container does, and gives the result's path."""
    secrets = new_secrets(database="postgres-rw:5432", bus="nats:4222")["nats"]
    (folder / "secrets").mkdir()
    (folder / "nats").mkdir()
    for key, text in secrets.items():
        (folder / "secrets" / key).write_text(text)
    parts = (secrets["passwords.conf"], _file(cluster, "authorization.conf"), _file(cluster, "nats.conf"))
    together = folder / "nats" / "server.conf"
    together.write_text("\n".join(parts))
    return together


def the_front_reads_its_configuration(clusters: Mapping[str, Cluster]) -> Outcome:
    name = "configuration of nginx"
    program = shutil.which("nginx") or shutil.which("nginx", path=SYSTEM_PATHS)
    if program is None:
        return Outcome.skipped(name, "nginx is not there (Debian: apt-get install --no-install-recommends nginx-light)")
    findings: list[str] = []
    for overlay, cluster in clusters.items():
        with tempfile.TemporaryDirectory() as folder:
            for file in FRONT_FILES:
                # Names of services are known in the cluster only.
                text = _file(cluster, file).replace("server gateway:", "server 127.0.0.1:")
                Path(folder, file).write_text(text)
            done = subprocess.run(
                [program, "-t", "-q", "-p", f"{folder}/", "-c", f"{folder}/nginx.conf"],
                capture_output=True,
                text=True,
                check=False,
            )
        if done.returncode:
            findings += [f"{overlay}: {line}" for line in done.stderr.strip().splitlines()]
    return Outcome.of(name, findings, f"{len(clusters)} overlays")


def _file(cluster: Cluster, name: str) -> str:
    found = [document["data"][name] for document in cluster.all("ConfigMap") if name in document.get("data", {})]
    return str(found[0]) if found else ""
