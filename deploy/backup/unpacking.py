"""Lays a base backup and its log out in a new data folder, as the server wants to find them."""

import os
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from deploy.backup.shelf import Base, Damaged, Shelf
from deploy.backup.taking import Show
from deploy.backup.wal import unpack
from deploy.local.postgres import unprivileged_user
from libs.common.whole_files import write_whole

LOG_FOLDER: Final = "restoring"
RESTORE_COMMAND: Final = f'test -f "../{LOG_FOLDER}/%f.gz" && gzip -dc "../{LOG_FOLDER}/%f.gz" >"%p"'
"""Runs in the server's folder; what is not there is the end of the log."""


def lay_out_database(shelf: Shelf, base: Base, target: Path, show: Show) -> None:
    """Puts the database's files into `target`, for the user that the server runs as."""
    target.mkdir(mode=0o700)
    folder = shelf.folder_of(base)
    parts = [("base.tar.gz", target), ("pg_wal.tar.gz", target / "pg_wal")]
    for done, (name, place) in enumerate(parts):
        show("database", "unpacking", done, len(parts))
        with tarfile.open(folder / name) as tar:
            # Nothing outside of the folder; Python before 3.11.4 does not ask.
            tar.extraction_filter = getattr(tarfile, "data_filter", lambda member, _: member)
            tar.extractall(place)
    (target / "recovery.signal").touch()
    target.chmod(0o700)
    _give_away(target)
    show("database", "unpacked", len(parts), len(parts))


def lay_out_log(files: Sequence[Path], data_dir: Path, show: Show) -> None:
    """Copies the log beside the server's folder, where it can reach it whoever it runs as; reads every byte of it.

    Raises:
        Damaged: a file cannot be unpacked. Unseen, the server would take it for the end of the log.
    """
    target = data_dir / LOG_FOLDER
    target.mkdir(mode=0o700)
    for done, path in enumerate(files):
        show("log", "copying", done, len(files))
        try:
            unpack(path)
        except ValueError as error:
            raise Damaged(f"{path}: {error}") from None
        write_whole(target / path.name, path.read_bytes())
    _give_away(target)
    show("log", "copied", len(files), len(files))


def _give_away(folder: Path) -> None:
    user = unprivileged_user()
    if user is None:
        return
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user.uid, user.gid, follow_symlinks=False)
