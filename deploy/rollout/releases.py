"""What ran here and since when, so that there is a way back."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from deploy.rollout.failure import NotDone
from libs.common.whole_files import write_whole

KEPT: Final = 20


@dataclass(frozen=True)
class Release:
    """Tags that ran together and were verified.

    tags      by unit
    common    the tag of all that has none of its own (TAG): migrations, provisioning
    commit    the checkout that was deployed from
    front     digest of the front's configuration as it was loaded then
    withdrawn when it was rolled back; such a release is nobody's way back
    """

    at: str
    tags: Mapping[str, str]
    common: str
    commit: str = ""
    front: str = ""
    withdrawn: str = ""


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


class Releases:
    """The releases of one place, oldest first."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def all(self) -> Sequence[Release]:
        """Raises NotDone: there is a file, and it is not ours."""
        try:
            found = json.loads(self._path.read_text())["releases"]
            return [Release(**each) for each in found]
        except FileNotFoundError:
            return []
        except (ValueError, KeyError, TypeError) as error:
            raise NotDone(f"{self._path} cannot be read ({error}); move it away and deploy with --tag") from None

    @property
    def current(self) -> Release | None:
        """The last one that was not withdrawn."""
        return next((release for release in reversed(self.all()) if not release.withdrawn), None)

    def before(self, running: Mapping[str, str]) -> Release:
        """Where a rollback leads: to the last release whose tags are not the running ones.

        Raises:
            NotDone: there is none.
        """
        for release in reversed(self.all()):
            if not release.withdrawn and dict(release.tags) != dict(running):
                return release
        raise NotDone(f"{self._path.name} knows no release before what runs; name one by --tag")

    def add(self, release: Release) -> None:
        self._write([*self.all(), release])

    def withdraw_after(self, target: Release) -> None:
        """What came after the target is no way back any more."""
        every = list(self.all())
        for number in range(every.index(target) + 1, len(every)):
            if not every[number].withdrawn:
                every[number] = replace(every[number], withdrawn=now())
        self._write(every)

    def _write(self, every: Sequence[Release]) -> None:
        told = {"releases": [asdict(release) for release in every[-KEPT:]]}
        write_whole(self._path, (json.dumps(told, indent=2) + "\n").encode())
