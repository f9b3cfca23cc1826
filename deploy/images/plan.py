"""What is built: of which service, from which commit, under which names."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from deploy.local.topology import MESH
from libs.common.version import VERSION

CHECKOUT: Final = Path(__file__).parents[2]
DOCKERFILE: Final = CHECKOUT / "deploy" / "Dockerfile"
OPERATORS: Final = "ops"
ALL: Final = (*dict.fromkeys(process.service for process in MESH.processes), OPERATORS)
"""Every image: one for each service, whose processes share it, and the operators'."""
BUILT_FROM: Final = ("libs", "services", "deploy", "requirements", ".dockerignore", "LICENSE", "NOTICE")
SHORT: Final = 12
UNKNOWN: Final = "unknown"
NEWEST: Final = "latest"


@dataclass(frozen=True)
class Checkout:
    """What an image tells of where it comes from.

    commit  40 hex digits; "" where there is no git
    changed whether what is copied into images differs from the commit
    at      when it was committed (so that the same commit is the same image); now, if it has been changed. RFC 3339
    source  where the code is published, without anybody's credentials
    """

    commit: str
    changed: bool
    at: str
    source: str

    @property
    def revision(self) -> str:
        return f"{self.commit}{self._mark}" if self.commit else UNKNOWN

    @property
    def tags(self) -> tuple[str, ...]:
        return (f"{self.commit[:SHORT]}{self._mark}", NEWEST) if self.commit else (NEWEST,)

    @property
    def _mark(self) -> str:
        return "-changed" if self.changed else ""


@dataclass(frozen=True)
class Plan:
    """How images are to be named and what they stand on; an empty `base` is the Dockerfile's own."""

    prefix: str
    tags: tuple[str, ...]
    checkout: Checkout
    base: str = ""

    def images(self, service: str) -> tuple[str, ...]:
        """All names of a service's image."""
        return tuple(f"{self.prefix}/{service}:{tag}" for tag in self.tags)

    def arguments(self, service: str) -> Iterator[str]:
        """What every program that builds images is told."""
        told = {
            "SERVICE": service,
            "BASE": self.base,
            "VERSION": VERSION,
            "REVISION": self.checkout.revision,
            "CREATED": self.checkout.at,
            "SOURCE": self.checkout.source,
        }
        yield from ("--file", str(DOCKERFILE), "--target", OPERATORS if service == OPERATORS else "service")
        for name, value in told.items():
            if value:
                yield from ("--build-arg", f"{name}={value}")
        for image in self.images(service):
            yield from ("--tag", image)


def state_of_the_checkout(folder: Path = CHECKOUT) -> Checkout:
    """What git says; of a copy without git nothing is known."""
    commit = _git(folder, "rev-parse", "HEAD")
    changed = bool(_git(folder, "status", "--porcelain", "--", *BUILT_FROM))
    at = _git(folder, "show", "--no-patch", "--format=%cI", "HEAD") if commit and not changed else ""
    source = _without_credentials(_git(folder, "remote", "get-url", "origin"))
    return Checkout(commit, changed, at or datetime.now(UTC).isoformat(timespec="seconds"), source)


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(("git", *arguments), cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _without_credentials(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https", "ssh", "git") or not parts.hostname:
        # A folder of somebody's machine, or the short form of ssh: nothing to publish.
        return UNKNOWN
    return parts._replace(netloc=parts.hostname + (f":{parts.port}" if parts.port else ""), query="").geturl()
