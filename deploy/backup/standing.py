"""The backup container of compose: `python -m deploy.backup.standing`; with `--is-well` it says whether it works.

It carries the log of changes away all the time, and takes a copy of everything once a day. Told by environment:
`BACKUP_DIR` (where to), `BACKUP_SPOOL` (where the server archives its log), `BACKUP_KEEP`, `BLOB_URL`; and
`ADMIN_DATABASE_URL`, also as a file.
"""

import asyncio
import os
import sys
import time
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Final

from deploy.backup.shelf import KEPT, Damaged, Shelf
from libs.common.secret_files import given

if TYPE_CHECKING:
    # What takes a copy is slow to import, and whoever asks whether it works does so each minute.
    from deploy.backup.taking import Source

EVERY_SECONDS: Final = 24 * 3600.0
AGAIN_SECONDS: Final = 300.0
LATE_SECONDS: Final = 2 * 3600.0
LOOK_SECONDS: Final = 10.0


def main(arguments: list[str]) -> int:
    shelf, spool = Shelf(Path(os.environ["BACKUP_DIR"])), Path(os.environ["BACKUP_SPOOL"])
    if arguments == ["--is-well"]:
        return int(not is_well(shelf, spool))
    from deploy.backup import archiving
    from deploy.backup.taking import Source

    blobs = os.environ.get("BLOB_URL", "")
    source = Source(given("ADMIN_DATABASE_URL"), blobs, spool=spool)
    # It ends with the process, at whatever it is: an unfinished copy is removed before the next one.
    Thread(target=_take_daily, args=(source, shelf), daemon=True).start()
    archiving.main(spool, shelf, blobs)
    return 0


def is_well(shelf: Shelf, spool: Path) -> bool:
    """There is a copy of the last day, and the log since then is not given up."""
    from deploy.backup.archiving import Spool

    return newest(shelf) > time.time() - EVERY_SECONDS - LATE_SECONDS and Spool(spool).given_up_at is None


def newest(shelf: Shelf) -> float:
    """When the last copy was begun, in seconds of the epoch; 0 where there is none that can be read."""
    try:
        return max((base.begun_at for base in shelf.all()), default=0.0)
    except (OSError, Damaged):
        return 0.0


def _take_daily(source: "Source", shelf: Shelf) -> None:
    tried_at = 0.0
    while True:
        if time.time() > max(newest(shelf) + EVERY_SECONDS, tried_at + AGAIN_SECONDS):
            tried_at = time.time()
            _take(source, shelf)
        time.sleep(LOOK_SECONDS)


def _take(source: "Source", shelf: Shelf) -> None:
    import asyncpg

    from deploy.backup.programs import Failed, NotThere
    from deploy.backup.shelf import Busy, NotOurs
    from deploy.backup.taking import take
    from libs.common.logs import log

    keep = int(os.environ.get("BACKUP_KEEP") or KEPT)
    try:
        taken = asyncio.run(take(source, shelf, lambda *how: None, keep=keep))
    except (NotOurs, Busy, Damaged, Failed, NotThere, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        log.error("backup.failed", reason=f"{type(error).__name__}: {error}", again_in_seconds=AGAIN_SECONDS)
        return
    log.info("backup.taken", name=taken.base.name, bytes=taken.base.size, seconds=round(taken.seconds, 1))
    for warning in taken.warnings:
        log.warning("backup.warning", said=warning)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
