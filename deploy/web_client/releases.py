"""The folder of the installed clients, one of which the gateway serves.

releases/<moment>-<content>/  one client each, never changed again
current                       a link to one of them, relative, so that it leads there from inside a container as well
client_version.json           a link to what that one says of itself, for gateways that look for it here
"""

import fcntl
import os
import re
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Final

KEPT: Final = 5
CURRENT: Final = "current"
VERSION: Final = "client_version.json"
"""As the gateway reads it; its key `git_commit` is the version (contract O9)."""
_NAME: Final = re.compile(r"(?P<moment>\d{8}T\d{6}Z)-(?P<content>[0-9a-f]{12})")
_MOMENT: Final = "%Y%m%dT%H%M%SZ"


class NotDone(Exception):
    """Nothing was changed; the text says why."""


@dataclass(frozen=True, slots=True)
class Release:
    """One installed client; `content` is the same for the same files."""

    name: str
    path: Path
    installed_at: datetime
    content: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Releases:
    """One such folder."""

    home: Path

    @property
    def shelf(self) -> Path:
        return self.home / "releases"

    @property
    def current_name(self) -> str | None:
        """Which one is served; None when none of ours is."""
        try:
            aim = (self.home / CURRENT).readlink()
        except OSError:
            return None
        return aim.name if aim.parent == Path(self.shelf.name) and (self.shelf / aim.name).is_dir() else None

    def all(self) -> list[Release]:
        """The newest first."""
        current, found = self.current_name, []
        for path in self.shelf.iterdir() if self.shelf.is_dir() else ():
            name = _NAME.fullmatch(path.name)
            if name and path.is_dir() and not path.is_symlink():
                moment = datetime.strptime(name["moment"], _MOMENT).replace(tzinfo=UTC)
                found.append(Release(path.name, path, moment, name["content"], path.name == current))
        return sorted(found, key=lambda each: each.name, reverse=True)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else installs meanwhile.

        Raises:
            NotDone: somebody does already, or a person has put something where ours is to be.
            OSError: the folder cannot be written.
        """
        for folder in (self.home, self.shelf):
            if not folder.exists():
                folder.mkdir(parents=True)
                folder.chmod(0o755)  # Whatever the umask: the gateway runs as another user.
        link = self.home / CURRENT
        if link.exists() and not link.is_symlink():
            raise NotDone(f"{link} is not a link: move it away, and what is in it can be installed")
        handle = os.open(self.home / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise NotDone(f"somebody else is installing into {self.home}") from None
            self._sweep()
            yield
        finally:
            os.close(handle)

    @contextmanager
    def incoming(self) -> Iterator[Path]:
        """A folder to fill; what is still there at the end goes."""
        path = self.shelf / f".incoming-{secrets.token_hex(6)}"
        path.mkdir(mode=0o755)
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)

    def keep(self, incoming: Path, content: str, moment: datetime) -> Release:
        """Makes a filled folder a release, whole or not at all, also after a power failure. Blocks."""
        name = f"{moment.astimezone(UTC).strftime(_MOMENT)}-{content}"
        path = self.shelf / name
        _sync(incoming)
        incoming.rename(path)
        _sync_one(self.shelf)
        return Release(name, path, moment, content, is_current=False)

    def serve(self, release: Release) -> None:
        """From now on the gateway answers with this one; a request under way ends with what it began with. Blocks."""
        self._link(VERSION, Path(CURRENT, VERSION))
        self._link(CURRENT, Path(self.shelf.name, release.name))
        _sync_one(self.home)

    def _link(self, name: str, aim: Path) -> None:
        beside = self.home / f".{CURRENT}-{secrets.token_hex(6)}"
        beside.symlink_to(aim)
        try:
            beside.replace(self.home / name)
        except OSError:
            beside.unlink(missing_ok=True)
            raise

    def forget(self, keep: int) -> Sequence[str]:
        """Removes the oldest until `keep` are left; never the one that is served. Returns their names. Blocks."""
        others = [release for release in self.all() if not release.is_current]
        room = keep - (1 if self.current_name else 0)
        for release in (old := others[max(0, room) :]):
            shutil.rmtree(release.path, ignore_errors=True)
        return [release.name for release in old]

    def before(self) -> Release:
        """The one that was installed before that which is served.

        Raises:
            NotDone: there is none.
        """
        everything = self.all()
        current = next((n for n, release in enumerate(everything) if release.is_current), None)
        if current is None:
            raise NotDone(f"no client is installed in {self.home}")
        if current + 1 == len(everything):
            raise NotDone(f"there is none before {everything[current].name}")
        return everything[current + 1]

    def named(self, name: str) -> Release:
        """The one of this name, or whose content begins so.

        Raises:
            NotDone: none, or several.
        """
        found = [each for each in self.all() if name and (each.name == name or each.content.startswith(name))]
        if len(found) != 1:
            raise NotDone(f"{'several clients are' if found else 'no client is'} called {name!r}; see: client list")
        return found[0]

    def _sweep(self) -> None:
        """What an install that was killed has left."""
        for path in self.shelf.glob(".incoming-*"):
            shutil.rmtree(path, ignore_errors=True)
        for path in self.home.glob(f".{CURRENT}-*"):
            with suppress(OSError):
                path.unlink()


def content_of(folder: Path) -> str:
    """A name for what is in a folder: of all names and bytes. Blocks."""
    found = sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            found.update(f"{path.relative_to(folder).as_posix()}\0{file_digest(file, 'sha256').hexdigest()}\n".encode())
    return found.hexdigest()[:12]


def _sync(folder: Path) -> None:
    for parent, _folders, names in os.walk(folder):
        for name in names:
            _sync_one(Path(parent, name))
        _sync_one(Path(parent))


def _sync_one(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
