"""Installs a web client: taken, checked, packed, then served; until the last step nothing of the old one changes."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from deploy.web_client import packing
from deploy.web_client.checking import Export, check
from deploy.web_client.releases import KEPT, Release, Releases, content_of
from deploy.web_client.unpacking import is_readable_by_all, take


@dataclass(frozen=True, slots=True)
class Installed:
    """What came of it. `is_new` is False where this very client is served already, and nothing was done."""

    release: Release
    export: Export
    siblings: int
    removed: tuple[str, ...]
    is_new: bool = True


def install(
    source: Path,
    home: Path,
    report: packing.Report,
    *,
    keep: int = KEPT,
    version: str = "",
    quality: int = packing.BEST,
) -> Installed:
    """Brings the export in `source`, a folder or a zip, to where the gateway serves it from. Blocks.

    Raises:
        BadExport: it is none that could be served.
        NotDone: somebody else installs.
        OSError: there is no room, or no right.
    """
    releases = Releases(home)
    with releases.alone(), releases.incoming() as incoming:
        report("take", source.name, 0, 1)
        take(source, incoming)
        export = check(incoming, version=version)
        report("take", source.name, 1, 1)
        content = content_of(incoming)
        current = next((release for release in releases.all() if release.is_current), None)
        if current is not None and current.content == content:
            return Installed(current, export, 0, (), is_new=False)
        siblings = packing.pack(incoming, report, quality=quality)
        is_readable_by_all(incoming)
        release = releases.keep(incoming, content, _after(releases))
        releases.serve(release)
        return Installed(release, export, siblings, tuple(releases.forget(keep)))


def roll_back(home: Path, to: str = "") -> Release:
    """Serves the client that was installed before the one that is served, or the one that is named. Blocks.

    Raises:
        NotDone: there is none.
        OSError: no right.
    """
    releases = Releases(home)
    with releases.alone():
        release = releases.named(to) if to else releases.before()
        releases.serve(release)
        return release


def _after(releases: Releases) -> datetime:
    """This moment, or the first one after the newest: the order of their names is the order of the installs."""
    newest = next((release.installed_at for release in releases.all()), None)
    moment = datetime.now(UTC)
    return max(moment, newest + timedelta(seconds=1)) if newest else moment
