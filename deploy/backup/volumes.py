"""A backup comes back into the volumes of compose, while neither database nor bus run (docs/runbooks/restore.md).

Nothing is destroyed: what was there lies in `before-<moment>` of its volume afterward. Until all has been restored and
is whole, it stays where it is.
"""

import fcntl
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from deploy.backup.archiving import Archiving, Spool
from deploy.backup.pictures import local_store
from deploy.backup.restoring import InUse, Restored, Wish, restore
from deploy.backup.shelf import Busy, Shelf
from deploy.backup.taking import Show
from deploy.backup.wal import is_log
from libs.common.whole_files import write_whole

CLUSTER: Final = "cluster"
"""As deploy/compose/postgres/start.sh has it."""
WORK: Final = "restoring"
BEFORE: Final = "before-"
ANSWER_SECONDS: Final = 3.0

Address = tuple[str, int]


class NotShipped(Exception):
    """The last of the log could not be put among the backups, and would be missing."""


@dataclass(frozen=True, slots=True)
class Volumes:
    """Folders, and who must not run while they are changed.

    database  the database's, with the folder `cluster` in it; so much room is needed again as the backup takes
    spool     where the database's server archives its log
    bus       of the log of events
    servers   those of database and bus, as they are reached while they run
    """

    database: Path
    spool: Path
    bus: Path
    servers: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class Returned:
    """What came back, and where that lies which was there."""

    restored: Restored
    aside: list[Path]


async def restore_into(
    volumes: Volumes, shelf: Shelf, blob_url: str, admin_password: str, show: Show, *, moment: float | None = None
) -> Returned:
    """Restores the database to a moment (Unix time) or to its end, and the pictures that it names; empties the bus.

    Call it in a thread that lives until the end. What fails leaves everything as it was.

    Raises:
        InUse: one of the servers runs. Busy: another restore does. NotShipped. What `restore` raises.
    """
    with _alone(volumes.database):
        must_not_run(volumes.servers)
        _ship_the_rest(volumes.spool, shelf, blob_url)
        work = volumes.database / WORK
        # Of a restore that was killed.
        shutil.rmtree(work, ignore_errors=True)
        wish = Wish(shelf, work, moment, blob_url=blob_url, admin_password=admin_password, with_log=False)
        restored = await restore(wish, show)
        try:
            must_not_run(volumes.servers)
            return Returned(restored, _put_in_place(volumes, work))
        finally:
            shutil.rmtree(work, ignore_errors=True)


def must_not_run(servers: tuple[Address, ...]) -> None:
    """Their own notes cannot say: whoever was killed has left one, and process ids mean nothing among containers.

    Raises:
        InUse
    """
    for name, port in servers:
        try:
            socket.create_connection((name, port), ANSWER_SECONDS).close()
        except OSError:
            continue
        raise InUse(f"{name} runs, and would be restored under its feet: stop everything first (docker compose stop)")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / f"{WORK}.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(f"another restore into {folder} is going on") from None
        yield


def _ship_the_rest(folder: Path, shelf: Shelf, blob_url: str) -> None:
    """What the server has archived, and nobody was there to carry away: writes that were acknowledged."""
    spool, reasons = Spool(folder), list[str]()
    if not spool.is_kept:
        return
    Archiving(
        *(spool, shelf, local_store(blob_url)), say=lambda event, **how: reasons.append(str(how.get("reason", event)))
    ).ship()
    if left := spool.waiting():
        raise NotShipped(f"{len(left)} files of the log cannot be put into {shelf.path}: {'; '.join(reasons)}")


def _put_in_place(volumes: Volumes, work: Path) -> list[Path]:
    """The log of the restored server's beginning waits to be carried away before the server is where it runs."""
    name = f"{BEFORE}{datetime.now(UTC):%Y-%m-%dT%H%M%S.%fZ}"
    aside = [_aside(volumes.bus, name, sorted(_contents(volumes.bus)))]
    for path in sorted(each for each in (work / "wal").iterdir() if is_log(each.name)):
        write_whole(volumes.spool / path.name, path.read_bytes())
    # A new volume knows of no backup, and this server's log goes on from one.
    Spool(volumes.spool).keep()
    aside.append(_aside(volumes.database, name, [each for each in (volumes.database / CLUSTER,) if each.exists()]))
    (work / "postgres").rename(volumes.database / CLUSTER)
    _sync(volumes.database)
    return [path for path in aside if path is not None]


def _contents(folder: Path) -> Iterator[Path]:
    return (path for path in folder.iterdir() if not path.name.startswith(BEFORE))


def _aside(volume: Path, name: str, what: list[Path]) -> Path | None:
    if not what:
        return None
    target = volume / name
    target.mkdir(mode=0o700)
    for path in what:
        path.rename(target / path.name)
    _sync(target)
    _sync(volume)
    return target


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
