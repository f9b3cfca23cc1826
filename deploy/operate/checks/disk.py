"""Disks: room, and places for files."""

from collections.abc import Iterator
from typing import Final

from deploy.operate.findings import Finding, care, wrong
from deploy.operate.installation import Installation
from deploy.operate.state import State

LEAST_BYTES: Final = 1024**3
FULL: Final = 0.05
LOW: Final = 0.15

IS_FULL = wrong(
    "disk.full",
    f"Less than {FULL:.0%} or 1 GB is free: the database stops writing when nothing is left.",
    "make room (old backups, logs, images), or enlarge the disk",
)
IS_LOW = care("disk.low", f"Less than {LOW:.0%} is free.", "make room, or enlarge the disk, before it is full")
FILES = wrong(
    "disk.inodes",
    f"Less than {FULL:.0%} of the disk's places for files are left, whatever room there is.",
    "find the folder with the many small files; make the file system anew with more inodes",
)
KINDS = (IS_FULL, IS_LOW, FILES)
FINE = "the disks have room"


def check(_installation: Installation, state: State) -> Iterator[Finding]:
    for disk in state.disks:
        what = " and ".join(disk.holds)
        left = f"{disk.free / 1e9:.1f} GB ({disk.free_share:.0%}) is free for {what} in {disk.path}"
        if disk.free_share < FULL or disk.free < LEAST_BYTES:
            yield IS_FULL.found(left)
        elif disk.free_share < LOW:
            yield IS_LOW.found(left)
        if disk.free_files < FULL:
            yield FILES.found(f"{disk.free_files:.0%} of the inodes are left for {what} in {disk.path}")
