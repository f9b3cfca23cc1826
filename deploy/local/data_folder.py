"""The folder in which a stack keeps all it has: data, logs, credentials, and the lock that makes it one stack's own."""

import fcntl
import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from deploy.local.failure import StackFailure
from deploy.local.processes import running

TOPOLOGY = "topology.json"
LARGEST_LOG = 20 * 1024 * 1024
# Longer than a guardian may need to take a stack down.
PATIENCE = 20.0


class DataFolder:
    """`DATA_DIR`, created where it is missing."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        try:
            # Others may pass through (PostgreSQL runs as another user when we are root), but not look around.
            self.path.mkdir(mode=0o711, parents=True, exist_ok=True)
            if os.geteuid() == 0:
                # Also one that was there, and closed: the database could start, and never hand its log to the archive.
                self.path.chmod(self.path.stat().st_mode | 0o001)
            for closed in (self.logs, self.blobs):
                closed.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise StackFailure(f"The data folder {self.path} cannot be used: {error.strerror}.") from error

    @property
    def logs(self) -> Path:
        """One file for each process, and `stack.log`."""
        return self.path / "logs"

    @property
    def blobs(self) -> Path:
        """The pictures."""
        return self.path / "blobs"

    @property
    def topology(self) -> Path:
        """What runs where; there only while the stack runs."""
        return self.path / TOPOLOGY

    def lock(self) -> int:
        """Take the folder for this stack alone; the lock is held as long as the returned file is open anywhere.

        Waits when the stack before has died and its guardian is still clearing up.
        """
        handle = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        limit = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = int(os.pread(handle, 20, 0) or b"0")
                if lives(holder) or time.monotonic() > limit:
                    os.close(handle)
                    raise StackFailure(
                        f"The data folder {self.path} is in use by another stack (pid {holder}). "
                        "Stop that one, or name another folder by DATA_DIR."
                    ) from None
                time.sleep(0.1)
                continue
            os.ftruncate(handle, 0)
            os.pwrite(handle, str(os.getpid()).encode(), 0)
            return handle

    def log(self, name: str) -> Path:
        """The log of a process; one that has grown too large makes room first, so call it once a start."""
        path = self.logs / f"{name}.log"
        if path.exists() and path.stat().st_size > LARGEST_LOG:
            path.replace(path.with_suffix(".log.1"))
        return path

    def note(self, text: str) -> None:
        """Add a line to `stack.log`; with a full disk it is not said."""
        with suppress(OSError), (self.logs / "stack.log").open("a") as log:
            log.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ} {text}\n")


def lives(pid: int) -> bool:
    """Whether there is such a process, and it has not ended yet."""
    try:
        return running(psutil.Process(pid))
    except psutil.NoSuchProcess:
        return False


def write_private(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON that only its owner may read; whoever reads at the same time sees the old or the new one, whole.

    Raises:
        OSError: it cannot be written, as with a full disk; the old one stays.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    written = json.dumps(content, indent=2).encode() + b"\n"
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(written)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
