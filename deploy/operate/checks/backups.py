"""Backups: there is one, it is young, the log of changes follows it, and that it comes back has been tried."""

import time
from collections.abc import Iterator
from typing import Final

from deploy.backup.shelf import at
from deploy.operate.findings import Finding, care, wrong
from deploy.operate.installation import Installation
from deploy.operate.state import State

OLD_HOURS: Final = 26
DRILL_DAYS: Final = 8
MANY_WAITING: Final = 8
HOUR: Final = 3600.0

NONE = care("backup.none", "Nothing is backed up.", "./bdx backup; then regularly (docs/runbooks/restore.md)")
OLD = wrong(
    "backup.old",
    f"The last backup is older than {OLD_HOURS} hours.",
    "./bdx backup, and see why the timer did not",
)
DAMAGED = wrong("backup.damaged", "A backup's record cannot be read.", "set that folder aside, then ./bdx backup")
GIVEN_UP = wrong(
    "backup.log-given-up",
    "The log of changes could not be kept and was given up: only moments before can be restored.",
    "make room on the shelf, then ./bdx backup: it begins anew",
)
WAITS = care(
    "backup.log-waits",
    f"More than {MANY_WAITING} finished files of the log have not reached the backups.",
    "see whether the archiving process runs and can write to the shelf",
)
FAILS = wrong(
    "backup.archiving-fails",
    "PostgreSQL cannot archive its log of changes; it keeps all of it, until its disk is full.",
    "look into PostgreSQL's log; give the archive folder to its user",
)
OFF = care(
    "backup.no-archiving",
    "There are backups, but no log of changes is archived: what came after the last one goes with its disk.",
    "set archive_mode=on and an archive_library or archive_command",
)
NO_DRILL = care(
    "backup.drill-old",
    f"That a backup comes back was not tried in the last {DRILL_DAYS} days.",
    "./bdx drill",
)
KINDS = (NONE, OLD, DAMAGED, GIVEN_UP, WAITS, FAILS, OFF, NO_DRILL)
FINE = "there is a young backup, and the log of changes follows it"


def check(_installation: Installation, state: State) -> Iterator[Finding]:
    servers = list(state.databases.values())
    if any(seen.archive_fails for seen in servers):
        yield FAILS.found("the last try to archive a file of the log has failed")
    seen = state.backups
    if seen is None:
        return
    if seen.damaged:
        yield DAMAGED.found(seen.damaged)
    elif seen.last is None:
        yield NONE.found(f"there is no backup in {seen.folder}")
        return
    now = time.time()
    if seen.last is not None and now - seen.last > OLD_HOURS * HOUR:
        yield OLD.found(f"the last backup is of {at(seen.last)} UTC")
    if seen.given_up:
        yield GIVEN_UP.found(f"nothing is kept since {at(seen.given_up)} UTC")
    elif seen.waiting > MANY_WAITING:
        yield WAITS.found(f"{seen.waiting} files wait")
    if any(server.archiving == "off" for server in servers):
        yield OFF.found("archive_mode is off")
    if seen.drilled is None or now - seen.drilled > DRILL_DAYS * 24 * HOUR:
        last = f"of {at(seen.drilled)} UTC" if seen.drilled else "not known here"
        yield NO_DRILL.found(f"the last drill is {last}")
