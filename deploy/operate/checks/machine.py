"""This machine: memory, open files, time zones."""

import resource
import zoneinfo
from collections.abc import Iterator
from typing import Final

import psutil

from deploy.operate.findings import Finding, care, wrong
from deploy.operate.installation import Installation
from deploy.operate.state import State

LEAST_FILES: Final = 4096
LEAST_FREE: Final = 256 * 1024**2
LEAST_TOTAL: Final = 2 * 1024**3
NEARLY: Final = 0.8

FILES = care(
    "machine.open-files",
    f"A process may open fewer than {LEAST_FILES} files: with many connections it runs out of them.",
    f"ulimit -n {4 * LEAST_FILES}, in the unit LimitNOFILE=",
)
FILES_USED = wrong(
    "machine.open-files-used",
    f"A process has opened {NEARLY:.0%} of the files it may open.",
    "raise its limit (LimitNOFILE=, ulimits), then restart it; look for who keeps connections open",
)
MEMORY = wrong(
    "machine.memory",
    f"Less than {LEAST_FREE // 1024**2} MB of memory is left: the kernel will end a process.",
    "end something else, or give the machine more memory",
)
SMALL = care(
    "machine.small",
    f"The machine has less than {LEAST_TOTAL // 1024**3} GB of memory.",
    "use a larger one (docs/operations.md)",
)
ZONES = wrong("time-zones.missing", "There is no time zone data.", "install the package tzdata")
KINDS = (FILES, FILES_USED, MEMORY, SMALL, ZONES)
FINE = "memory, open files and time zones suffice"


def check(installation: Installation, _state: State) -> Iterator[Finding]:
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit != resource.RLIM_INFINITY and limit < LEAST_FILES and installation.kind == "embedded":
        yield FILES.found(f"the limit is {limit}")
    for process in installation.processes:
        yield from _files_of(process.name, process.pid)
    memory = psutil.virtual_memory()
    if memory.available < LEAST_FREE:
        yield MEMORY.found(f"{memory.available / 1e6:.0f} MB are left")
    if memory.total < LEAST_TOTAL:
        yield SMALL.found(f"it has {memory.total / 1e9:.1f} GB")
    try:
        zoneinfo.ZoneInfo("Europe/Berlin")
    except (zoneinfo.ZoneInfoNotFoundError, OSError):
        yield ZONES.found("Europe/Berlin is not known here")


def _files_of(name: str, pid: int | None) -> Iterator[Finding]:
    try:
        process = psutil.Process(pid) if pid else None
        used, limit = (process.num_fds(), process.rlimit(psutil.RLIMIT_NOFILE)[0]) if process else (0, 0)
    except (psutil.Error, AttributeError):
        return
    if 0 < limit < used / NEARLY:
        yield FILES_USED.found(f"{name} has opened {used} of {limit} files")
