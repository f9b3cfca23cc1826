"""compose.yml as our rules for it look at it (composition.py)."""

import re
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import yaml

from deploy.check.tools import CHECKOUT
from deploy.local.topology import MESH, Process

Service = dict[str, Any]
DEPLOY: Final = CHECKOUT / "deploy"
EDGE: Final = next(process for process in MESH.processes if process.edge)
GATEWAYS: Final = (f"{EDGE.name}-1", f"{EDGE.name}-2")
ALONE: Final = ("vision-worker",)
"""What it has in hand goes on when it is back: it needs no stand-in."""
OPS, STANDBY = "ops", "standby"


class Composition:
    """The file as it is written, anchors put in and `${NAME:-default}` left alone."""

    def __init__(self, folder: Path = DEPLOY) -> None:
        self.folder = folder
        self.text = (folder / "compose.yml").read_text()
        self.document: dict[str, Any] = yaml.safe_load(self.text)

    @cached_property
    def services(self) -> dict[str, Service]:
        found: dict[str, Service] = self.document["services"]
        return found

    def profiles(self, name: str) -> set[str]:
        return set(self.services[name].get("profiles", ()))

    def networks(self, name: str) -> set[str]:
        return set(self.services[name].get("networks", ()))

    def environment(self, name: str) -> dict[str, str]:
        told: dict[str, str] = self.services[name].get("environment", {})
        return {key: by_default(str(value)) for key, value in told.items()}

    def named(self, process: Process) -> tuple[str, ...]:
        """The services that run a process of the mesh."""
        if process.edge:
            return GATEWAYS
        return (process.name,) if process.name in ALONE else (process.name, f"{process.name}-2")

    def keeps_running(self, name: str) -> bool:
        return not str(self.services[name].get("restart")).startswith("on-failure")


def by_default(text: str) -> str:
    """A value of which nothing was said in `.env`."""
    innermost = re.compile(r"\$\{\w+(?::?-([^${}]*)|:\?[^{}]*)?\}")
    while (filled := innermost.sub(lambda match: match[1] or "", text)) != text:
        text = filled
    return text
