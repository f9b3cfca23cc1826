"""Renders the overlays as kubectl would apply them."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

import yaml

from deploy.check.cluster import Cluster

K8S: Final = Path(__file__).parents[1] / "k8s"
HOW_TO_INSTALL: Final = "kubectl is not there; any from 1.30 on renders kustomizations without a cluster"


class NotRendered(Exception):
    """kubectl's own words."""


def has_kubectl() -> bool:
    return shutil.which("kubectl") is not None


def overlays() -> list[Path]:
    return sorted(path.parent for path in K8S.glob("overlays/*/kustomization.yaml"))


def render(overlay: Path) -> str:
    """Raises:
    NotRendered: it is not in order.
    """
    done = subprocess.run(["kubectl", "kustomize", str(overlay)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotRendered(done.stderr.strip())
    return done.stdout


def cluster_of(text: str) -> Cluster:
    return Cluster([document for document in yaml.safe_load_all(text) if document])
