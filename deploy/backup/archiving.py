"""The archiving process: takes the write-ahead log from the database's own folder to the backups.

PostgreSQL puts each finished segment into a folder beside its own (it may run as another user, who could not reach
further). From there it is packed onto the shelf, **after** the pictures that are in the store by then: every row in the
segment was committed after its files were written, so that whatever moment is restored, no row names a file that the
backups lack.

Nothing is kept before the first base backup: without one a log is of no use. When the shelf cannot be written to,
segments wait; when so many wait that the database itself would soon have no room, they are given up, loudly: writes
matter more than backups, and a new base backup begins anew.
"""

import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from deploy.backup.pictures import Pictures, local_store
from deploy.backup.shelf import NotOurs, Shelf
from deploy.backup.told import tell
from deploy.backup.wal import HISTORY, PACKED, SEGMENT, cluster_of, is_log, pack, unpack
from libs.common.logs import configure_logs, log

LOOK_SECONDS: Final = 1.0
REMIND_SECONDS: Final = 60.0
TELL_SECONDS: Final = 15.0
MOST_BYTES: Final = 2 * 1024**3
LEAST_FREE: Final = 512 * 1024**2

Say = Callable[..., Any]


class Spool:
    """The folder that PostgreSQL archives into; `kept` is there from the first base backup on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._kept, self._given_up = folder / "kept", folder / "given-up"

    @property
    def is_kept(self) -> bool:
        return self._kept.exists()

    @property
    def given_up_at(self) -> float | None:
        """Since when the log is not kept any more because it could not be."""
        return self._given_up.stat().st_mtime if self._given_up.exists() else None

    def keep(self) -> None:
        """From now on every segment goes to the shelf."""
        self._kept.touch()
        self._given_up.unlink(missing_ok=True)

    def let_go(self) -> None:
        """Nothing is kept until the next base backup."""
        self._kept.unlink(missing_ok=True)

    def give_up(self) -> None:
        """The same, because it could not be kept; said, so that somebody asks why."""
        with suppress(OSError):  # On a full disk there may be no room to say so.
            self._given_up.touch()
        self.let_go()

    def waiting(self) -> list[Path]:
        """Finished files, in the order in which they were written."""
        return sorted(path for path in self.folder.iterdir() if is_log(path.name))


class Archiving:
    """Ships what waits in the spool. `source` is the folder of the pictures; None where they are in a bucket."""

    def __init__(
        self, spool: Spool, shelf: Shelf, source: Path | None, *, most_bytes: int = MOST_BYTES, say: Say = log.warning
    ) -> None:
        self._spool, self._shelf, self._most, self._say = spool, shelf, most_bytes, say
        self._pictures = Pictures(source, shelf) if source else None
        self._reason, self._said_at = "", 0.0
        self._told_at = -TELL_SECONDS

    def ship(self) -> int:
        """One round; returns how many files of the log have gone to the shelf."""
        waiting = self._spool.waiting()
        if not self._spool.is_kept:
            # Histories are few and small, and name the timelines that are taken.
            for path in waiting:
                if not HISTORY.fullmatch(path.name):
                    path.unlink()
            return 0
        if not waiting:
            self._tell()
            return 0
        try:
            self._ship(waiting)
        except (OSError, NotOurs, ValueError) as error:
            self._complain(f"{type(error).__name__}: {error}", waiting)
            return 0
        if self._reason:
            self._say("archive.works_again", after=self._reason)
            self._reason = ""
        self._tell()
        return len(waiting)

    def _tell(self) -> None:
        """All that the server has finished is on the shelf, be it that there was nothing to do.

        Where this cannot be written down, monitors see the last success grow old, which says it as well.
        """
        if time.monotonic() - self._told_at < TELL_SECONDS:
            return
        with suppress(OSError):
            self._shelf.must_be_claimed()
            tell(self._shelf.path, "archive")
            self._told_at = time.monotonic()

    def _ship(self, waiting: list[Path]) -> None:
        self._shelf.must_be_claimed()
        with self._shelf.alone():
            if self._pictures:
                self._pictures.add_new()
        for path in waiting:
            source, target = path.read_bytes(), self._shelf.wal / (path.name + PACKED)
            if SEGMENT.fullmatch(path.name):
                self._shelf.must_be_of(cluster_of(source))
            # Twice the same: whoever was before us was killed between these two steps.
            if not target.exists():
                pack(source, target)
            elif unpack(target) != source:
                raise NotOurs(f"{target} is another one than that of this database; name another folder for backups")
            path.unlink()

    def _complain(self, reason: str, waiting: list[Path]) -> None:
        size = sum(path.stat().st_size for path in waiting)
        if size > self._most or shutil.disk_usage(self._spool.folder).free < LEAST_FREE:
            self._spool.give_up()
            self._say("archive.given_up", reason=reason, waiting_bytes=size, advice="mend it, then take a new backup")
        elif reason != self._reason or time.monotonic() > self._said_at + REMIND_SECONDS:
            self._said_at = time.monotonic()
            self._say("archive.failing", reason=reason, waiting=len(waiting), waiting_bytes=size)
        self._reason = reason


def main(spool: Path, shelf: Shelf, blob_url: str) -> None:
    """Ships until it is asked to end; then what is still there."""
    configure_logs("archive")
    over = threading.Event()
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda number, frame: over.set())
    archiving = Archiving(Spool(spool), shelf, local_store(blob_url))
    while not over.is_set():
        archiving.ship()
        over.wait(LOOK_SECONDS)
    archiving.ship()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Shelf(Path(sys.argv[2])), sys.argv[3])
