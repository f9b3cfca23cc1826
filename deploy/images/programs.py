"""What builds images here: docker, podman or buildah, and what each is told differently."""

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.images.plan import CHECKOUT, Plan
from deploy.images.visitors import Visitors

KNOWN: Final = ("docker", "podman", "buildah")


class NoneFound(Exception):
    """Nothing on this machine builds images; the text says what would."""


@dataclass(frozen=True)
class Program:
    """A program that builds images, with the options it is always given."""

    command: tuple[str, ...]

    @property
    def kind(self) -> str:
        return Path(self.command[0]).name

    @property
    def is_docker(self) -> bool:
        return self.kind == "docker"

    def building(self, plan: Plan, service: str, visitors: Visitors) -> list[str]:
        """The command that builds one image."""
        return [*self.command, "build", *self._own(visitors), *plan.arguments(service), str(CHECKOUT)]

    def pushing(self, image: str) -> list[str]:
        return [*self.command, "push", image]

    def size_of(self, image: str) -> str:
        """As the program itself writes it: base and all."""
        asked = [*self.command, "images", "--format", "{{.Size}}", image]
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
        return next(iter(done.stdout.splitlines()), "")

    def _own(self, visitors: Visitors) -> Iterator[str]:
        for name, file in visitors.secrets.items():
            yield from ("--secret", f"id={name},src={file}")
        if self.is_docker:
            yield from ("--progress", "plain")
            return
        # Only docker's own format has health checks; layers are kept, as docker keeps them anyway.
        yield from ("--format", "docker", "--layers")
        for folder in visitors.folders:
            yield from ("--volume", f"{folder}:{folder}:ro")


def find(named: Sequence[str] = ()) -> Program:
    """The one that is named, or the first that can build here.

    Raises:
        NoneFound
    """
    if named:
        if Path(named[0]).name not in KNOWN or not shutil.which(named[0]):
            raise NoneFound(f"{named[0]} is none of {', '.join(KNOWN)}, or is not on this machine.")
        return Program(tuple(named))
    for name in KNOWN:
        if shutil.which(name) and (name != "docker" or _has_an_engine()):
            return Program((name,))
    raise NoneFound("Nothing here builds images: install docker, podman or buildah (Debian: apt-get install podman).")


def _has_an_engine() -> bool:
    """Docker's command is often there alone."""
    asked = ("docker", "version", "--format", "{{.Server.Version}}")
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0
