"""A store of images for tests: in .cache/images, or where IMAGES_STORE says, so that the next run finds its layers.

It needs root and Debian's buildah, podman, crun and util-linux; where BASE names no image, also debootstrap.
"""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.images.plan import CHECKOUT

BASE = "localhost/biologidex-base"
NEEDED = ("buildah", "podman", "crun", "unshare")
STORAGE = """[storage]
driver = "overlay"
graphroot = "{folder}/graph"
runroot = "{folder}/run"
"""
# Where neither systemd nor the right to raise limits is at hand.
CONTAINERS = """[containers]
cgroups = "disabled"
default_ulimits = ["nofile=20000:20000", "nproc=20000:20000"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
"""


def missing() -> str:
    """What this machine lacks to build and run images, in one line; nothing if it has all."""
    if os.geteuid() != 0:
        return "images are built and run as root"
    needed = (*NEEDED, *(() if os.environ.get("BASE") else ("debootstrap",)))
    lacking = [name for name in needed if shutil.which(name) is None]
    return f"Debian's packages are missing: apt-get install {' '.join(lacking)}" if lacking else ""


@dataclass(frozen=True)
class Store:
    """A folder of images, and how programs are told of it."""

    folder: Path
    base: str

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "CONTAINERS_STORAGE_CONF": str(self.folder / "storage.conf"),
            "CONTAINERS_CONF": str(self.folder / "containers.conf"),
            "BUILDAH_ISOLATION": "chroot",
        }

    def run(self, *command: str, asked: str | None = None) -> str:
        """What a command says; its failure is the test's."""
        done = subprocess.run(
            command, env=self.environment, cwd=CHECKOUT, capture_output=True, text=True, check=False, input=asked
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def build(self, *services: str) -> list[dict[str, Any]]:
        """As a person would: `python -m deploy.images`."""
        command = (sys.executable, "-m", "deploy.images", *services, "--with", "buildah", "--base", self.base)
        built: list[dict[str, Any]] = json.loads(self.run(*command, "--tag", "latest", "--json"))
        return built

    def look(self, image: str) -> dict[str, Any]:
        """What is written about an image."""
        (found,) = json.loads(self.run("podman", "image", "inspect", image))
        return dict(found)


def opened() -> Store:
    """The store, with a base image in it."""
    folder = Path(os.environ.get("IMAGES_STORE") or CHECKOUT / ".cache" / "images")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "storage.conf").write_text(STORAGE.format(folder=folder))
    (folder / "containers.conf").write_text(CONTAINERS)
    store = Store(folder, os.environ.get("BASE") or BASE)
    known = subprocess.run(
        ("podman", "image", "exists", store.base), env=store.environment, capture_output=True, check=False
    )
    if store.base == BASE and known.returncode:
        store.run("sh", "deploy/debian_base.sh", BASE, "buildah")
    return store
