"""Keeps programs running: what dies is started again, at once the first time, then more and more slowly."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from deploy.local.guardian import Guardian
from deploy.local.processes import Program

# Told the name of a process or server, and its state: preparing, starting, ready, ended.
Report = Callable[[str, str], None]
SHORTEST_PAUSE, LONGEST_PAUSE = 0.2, 5.0
# Who has lived this long counts as healthy again.
HEALTHY_AFTER = 10.0
HOPELESS_AFTER = 3


@dataclass
class Child:
    """A program and its process of the moment; `deaths` counts those since it was last healthy."""

    program: Program
    process: subprocess.Popen[bytes]
    started: float = field(default_factory=time.monotonic)
    deaths: int = 0
    due: float | None = None

    @property
    def pause(self) -> float:
        """Seconds from a death to the next start."""
        return min(SHORTEST_PAUSE * 2.0 ** (self.deaths - 1), LONGEST_PAUSE)


class Supervisor:
    """The programs of one stack. Used by one thread, which must outlive them all (see `Program.start`)."""

    def __init__(self, guardian: Guardian, note: Callable[[str], None], report: Report) -> None:
        self.children: dict[str, Child] = {}
        self._guardian = guardian
        self._note = note
        self._report = report
        self._launched: list[subprocess.Popen[bytes]] = []

    @property
    def guardian_pid(self) -> int:
        """The pid of the guardian of the moment."""
        return self._guardian.process.pid

    def start(self, program: Program) -> Child:
        """Start a program that is to be kept running."""
        child = Child(program, self.launch(program))
        self.children[program.name] = child
        return child

    def launch(self, program: Program) -> subprocess.Popen[bytes]:
        """Start a program in the guardian's care, but let it end when it has done its work."""
        self._report(program.name, "starting")
        process = program.start()
        self._launched.append(process)
        self._guardian.watch(program, process.pid)
        self._note(f"{program.name}: started, pid {process.pid}")
        return process

    def look_after(self) -> bool:
        """Take note of who has died, and start again whose pause is over; True if a pid has changed."""
        changed = self._guardian.revive()
        if changed:
            self._note(f"guardian: was killed; a new one has taken over, pid {self.guardian_pid}")
        for child in self.children.values():
            if child.due is None and child.process.poll() is not None:
                self._bury(child)
            if child.due is not None and time.monotonic() >= child.due:
                try:
                    child.process = self.launch(child.program)
                except OSError as error:
                    # No room, no memory, no process number: all of that may pass.
                    self._note(f"{child.program.name}: cannot be started now ({error.strerror})")
                    child.due = time.monotonic() + LONGEST_PAUSE
                    continue
                child.started, child.due = time.monotonic(), None
                changed = True
        return changed

    def restart(self, name: str, why: str) -> None:
        """Ask a program that runs to end; it is started again like one that has died."""
        child = self.children[name]
        self._note(f"{name}: {why}; asked to end")
        child.process.send_signal(child.program.stop_signal)

    @property
    def hopeless(self) -> Program | None:
        """A program that dies again and again."""
        return next((child.program for child in self.children.values() if child.deaths >= HOPELESS_AFTER), None)

    def reap(self) -> None:
        """Take note of the end of all processes, after the guardian has brought it about."""
        for process in self._launched:
            process.wait()

    def _bury(self, child: Child) -> None:
        # What it had started (the vision worker's decoders) must not go on beside its successor's.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child.process.pid, signal.SIGKILL)
        child.deaths = 1 if time.monotonic() - child.started > HEALTHY_AFTER else child.deaths + 1
        child.due = time.monotonic() + child.pause
        self._report(child.program.name, "ended")
        self._note(
            f"{child.program.name}: pid {child.process.pid} has ended with {child.process.returncode}; "
            f"started again in {child.pause:.1f} s"
        )
