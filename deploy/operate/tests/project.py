"""The compose folder of a test, and what the checks find in it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from deploy.operate.composed import composed
from deploy.operate.examination import GROUPS
from deploy.operate.state import State

FILES = ("settings file", "settings", "secrets", "keys", "certificate")
"""Groups that look at files alone."""


@dataclass(frozen=True)
class Project:
    folder: Path

    def say(self, text: str) -> None:
        """Adds to `.env`."""
        with (self.folder / ".env").open("a") as file:
            file.write(text)

    def secret(self, name: str) -> Path:
        return self.folder / "secrets" / name

    def found(self) -> list[str]:
        """The ids of all that is wrong in the files."""
        installation = composed(self.folder)
        groups = (group for group in GROUPS if group.name in FILES and group.applies(installation))
        return sorted({finding.kind.id for group in groups for finding in group.check(installation, State())})


def ids(check: ModuleType, *seen: Any) -> list[str]:
    """What one check finds, each kind once."""
    return sorted({finding.kind.id for finding in _found(check, *seen)})


def _found(check: ModuleType, *seen: Any) -> Iterator[Any]:
    yield from check.check(*seen)
