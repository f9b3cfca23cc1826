"""The folder in which the backups of one database lie (`BACKUP_DIR`), and what is where in it.

cluster         the database's own number: what comes of another one is refused
bases/<moment>/ base backups: PostgreSQL's tar files and manifest, `backup.json`, `credentials.json`
wal/            the write-ahead log since then, one packed file for each segment
blobs/          the pictures, under their keys; `blobs.sha256` is what `sha256sum -c` reads
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

from libs.common.whole_files import write_whole

RECORD: Final = "backup.json"
CREDENTIALS: Final = "credentials.json"
KEPT: Final = 7


class NotOurs(Exception):
    """The folder holds the backups of another database."""


class Busy(Exception):
    """Somebody else is at it."""


class Damaged(Exception):
    """What is kept is not what was put there, or not all of it."""


@dataclass(frozen=True, slots=True)
class Base:
    """One base backup, as its `backup.json` has it. Moments are Unix times in seconds, sizes bytes.

    begun_at, ended_at  of the copy of the database; only moments after its end can be restored from it
    first_segment       the first file of the write-ahead log that is needed with it
    files               name → sha256 in hex
    """

    name: str
    cluster: int
    server_version: int
    begun_at: float
    ended_at: float
    first_segment: str
    end_lsn: str
    size: int
    files: dict[str, str]
    pictures: int
    has_credentials: bool

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Raises:
        Damaged: the record cannot be read.
        """
        try:
            return cls(**json.loads((folder / RECORD).read_text()))
        except (OSError, ValueError, TypeError) as error:
            raise Damaged(f"{folder / RECORD}: {error}") from None

    def write(self, folder: Path) -> None:
        """Written last: a folder without it is no backup."""
        write_whole(folder / RECORD, json.dumps(asdict(self), indent=2).encode() + b"\n")


@dataclass(frozen=True, slots=True)
class Shelf:
    """One such folder."""

    path: Path

    @property
    def bases(self) -> Path:
        return self.path / "bases"

    @property
    def wal(self) -> Path:
        return self.path / "wal"

    @property
    def blobs(self) -> Path:
        return self.path / "blobs"

    @property
    def checksums(self) -> Path:
        return self.path / "blobs.sha256"

    @property
    def gone(self) -> Path:
        """Which pictures are in the store no more, and since when."""
        return self.path / "blobs.gone.json"

    def set_up(self) -> None:
        """Make the folders; nobody else may look into them."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self.bases, self.wal, self.blobs):
            folder.mkdir(mode=0o700, exist_ok=True)

    def claim(self, cluster: int) -> None:
        """Say whose backups these are; may be repeated.

        Raises:
            NotOurs
        """
        try:
            self.must_be_of(cluster)
        except FileNotFoundError:
            write_whole(self.path / "cluster", f"{cluster}\n".encode())

    def must_be_claimed(self) -> str:
        """Whose backups these are.

        Raises:
            FileNotFoundError: nobody has said so, or the disk is not there.
        """
        return (self.path / "cluster").read_text().strip()

    def must_be_of(self, cluster: int) -> None:
        """Raises:
        NotOurs: it is another database's. FileNotFoundError
        """
        if (found := self.must_be_claimed()) != str(cluster):
            raise NotOurs(f"{self.path} holds the backups of database {found}, not of {cluster}; name another folder")

    def all(self) -> list[Base]:
        """The finished base backups, the oldest first."""
        if not self.bases.exists():
            return []
        folders = [path for path in self.bases.iterdir() if (path / RECORD).exists()]
        return sorted((Base.read(folder) for folder in folders), key=lambda base: base.ended_at)

    def folder_of(self, base: Base) -> Path:
        return self.bases / base.name

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keeps the archiving process and a backup from changing the pictures' list at the same time."""
        with self._locked("lock", fcntl.LOCK_EX):
            yield

    @contextmanager
    def taking(self) -> Iterator[None]:
        """Keeps a second backup out.

        Raises:
            Busy
        """
        try:
            with self._locked("taking.lock", fcntl.LOCK_EX | fcntl.LOCK_NB):
                yield
        except BlockingIOError:
            raise Busy(f"another backup to {self.path} is being taken") from None

    @contextmanager
    def _locked(self, name: str, how: int) -> Iterator[None]:
        handle = os.open(self.path / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, how)
            yield
        finally:
            os.close(handle)


def at(moment: float) -> str:
    """A moment as people read it, UTC."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S")
