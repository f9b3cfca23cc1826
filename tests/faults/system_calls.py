"""A process killed as it enters its n-th system call of a kind, by `strace`; and what it had called until then."""

import asyncio
import re
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.mesh import until

TRACED = "write,writev,sendto,sendmsg,pwrite64,fsync,fdatasync,rename"
"""What carries anything out of the process: to a socket, a pipe or a file."""
SHOWN_BYTES = 300
"""Of each call: enough to find the subject of an event in its row."""
CALL = re.compile(r"^(?:\d+ +)?(?P<name>\w+)\((?P<rest>.*)$")
needs_strace = pytest.mark.skipif(
    shutil.which("strace") is None, reason="kills at system calls by strace (Debian: apt-get install strace)"
)


@dataclass(frozen=True)
class Point:
    """A kind of system call to be killed at. `everywhere`: in any thread; else in the main thread alone.

    `strace` counts for each kind of call and for each thread by itself, so one number names one moment only where one
    thread makes such calls: the event loop's writes are counted without the other threads.
    """

    call: str
    everywhere: bool = False


@dataclass
class Trace:
    """The calls of a process, as `strace` shows them; complete once it is over."""

    calls: list[str] = field(default_factory=list)
    is_killed: bool = False

    @property
    def last(self) -> str:
        """Of a process that was killed: the call that it was killed at, and did not make."""
        return self.calls[-1] if self.calls else ""


@asynccontextmanager
async def killed_at(pid: int, point: Point, number: int, output: Path) -> AsyncIterator[Trace]:
    """Kills the process as it enters this call for the `number`-th time from now on; lets go of it afterwards."""
    how = ["-qq", "-yy", "-s", str(SHOWN_BYTES), "-o", str(output), "-e", f"trace={TRACED}"]
    how += ["-e", f"inject={point.call}:signal=KILL:when={number}", *(["-f"] if point.everywhere else [])]
    process = subprocess.Popen(["strace", *how, "-p", str(pid)], stderr=subprocess.PIPE)

    async def looks_on() -> bool:
        return process.poll() is not None or _is_traced(pid, point)

    trace = Trace()
    try:
        await until(looks_on)
        yield trace
    finally:
        if process.poll() is None:
            # Of a tracer that is told to end, the traced process goes on as it was.
            process.send_signal(signal.SIGINT)
        _, said = await asyncio.to_thread(process.communicate)
    lines = output.read_text(errors="replace").splitlines()
    trace.calls += [line for line in lines if CALL.match(line)]
    trace.is_killed = any("+++ killed by SIGKILL" in line for line in lines)
    assert trace.calls, f"strace may not look at a process of ours here: {said.decode(errors='replace')}"


def _is_traced(pid: int, point: Point) -> bool:
    tasks = Path(f"/proc/{pid}/task").iterdir() if point.everywhere else [Path(f"/proc/{pid}/task/{pid}")]
    try:
        return all("TracerPid:\t0\n" not in task.joinpath("status").read_text() for task in tasks)
    except OSError:
        return False  # A thread, or all of them, has just ended; whether it is dead is asked elsewhere.
