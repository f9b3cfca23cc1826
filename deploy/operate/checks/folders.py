"""Folders and files of a stack: its owner's, closed to others, and writable where something must be written."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from deploy.operate.findings import Finding, wrong
from deploy.operate.installation import Installation
from deploy.operate.state import State

MISSING = wrong("folders.missing", "A folder that is named is not there.", "mount its disk, or correct the setting")
OPEN = wrong(
    "folders.open-to-others",
    "Others on this machine may look into pictures, logs, backups or credentials.",
    "chmod go= on it",
)
OWNER = wrong(
    "folders.other-owner",
    "A folder belongs to another user than the stack's: it was run by somebody else once, or as root.",
    "chown it to the user who runs the stack",
)
READ_ONLY = wrong(
    "folders.not-writable", "Nothing can be written where pictures or backups go.", "see to its rights and its mount"
)
CLOSED = wrong(
    "folders.closed-to-database",
    "PostgreSQL runs as another user, who may not pass through the data folder: it cannot keep its log for backups.",
    "chmod o+x on the data folder; nobody can look around by that",
)
KINDS = (MISSING, OPEN, OWNER, READ_ONLY, CLOSED)
FINE = "folders belong to their user, and are closed to others"


def check(installation: Installation, _state: State) -> Iterator[Finding]:
    if installation.blobs.startswith("file://") and installation.kind == "embedded" and installation.runs:
        path = Path(installation.blobs.removeprefix("file://"))
        if not path.is_dir():
            yield MISSING.found(f"BLOB_URL names {path}, which is not there")
    for path in filter(None, (installation.blob_folder, installation.backups)):
        if not path.is_dir():
            continue
        if os.statvfs(path).f_flag & os.ST_RDONLY:
            # In a container on purpose: who looks there only reads.
            if installation.kind == "embedded":
                yield READ_ONLY.found(f"{path} is mounted read-only")
        elif not os.access(path, os.W_OK | os.X_OK):
            yield READ_ONLY.found(f"{path} cannot be written to")
    folder = installation.data_dir
    if folder is None or not folder.is_dir():
        return
    owner = folder.stat().st_uid
    spool = installation.spool
    if spool and spool.is_dir() and spool.stat().st_uid != owner and not folder.stat().st_mode & stat.S_IXOTH:
        yield CLOSED.found(f"{folder} is closed to user {spool.stat().st_uid}", f"chmod o+x {folder}")
    closed = ("logs", "blobs", "nats", "backups", "credentials.json", "topology.json", "nats/nats.conf")
    for path in (folder / name for name in closed):
        if not path.exists():
            continue
        told = path.stat()
        if told.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield OPEN.found(f"{path} has mode {stat.S_IMODE(told.st_mode):o}", f"chmod go= {path}")
        if told.st_uid != owner:
            yield OWNER.found(f"{path} belongs to user {told.st_uid}, {folder} to {owner}", f"chown -R {owner} {path}")
