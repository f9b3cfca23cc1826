"""The guardian: takes a stack down in reverse order, whether its parent asks for it or has died.

A process of its own in a session of its own, which reads from a pipe that only the parent holds open. The end of the
pipe means: it is time. So there is one way to take a stack down, and it also works after a kill -9 of the parent.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import psutil

from deploy.local.data_folder import TOPOLOGY
from deploy.local.processes import CHECKOUT, MARK, Program, running, send


class Guardian:
    """The parent's end of the pipe.

    `folder` is the data folder of the stack, which all its processes carry as their mark; a `temporary` one is removed
    in the end. Files in `held` (a lock) stay open until all is down. `log` takes what the guardian has to say.
    """

    def __init__(
        self, folder: Path, *, held: tuple[int, ...] = (), log: Path | None = None, temporary: bool = False
    ) -> None:
        self._command = [sys.executable, "-m", "deploy.local.guardian", str(folder)]
        if temporary:
            self._command.append("temporary")
        self._held, self._log = held, log or Path(os.devnull)
        self._wards: dict[str, bytes] = {}
        self._start()

    def _start(self) -> None:
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command,
                cwd=CHECKOUT,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=self._held,
            )

    def watch(self, program: Program, pid: int) -> None:
        """Entrust a process to the guardian; a new pid takes the place of the old one of the same name."""
        line = json.dumps([program.name, pid, program.stage, int(program.stop_signal), program.patience])
        self._wards[program.name] = line.encode() + b"\n"
        self._tell(self._wards[program.name])

    def revive(self) -> bool:
        """Put a new guardian in the place of one that was killed; True if that was necessary."""
        if self.process.poll() is None:
            return False
        self._close()
        self._start()
        for line in self._wards.values():
            self._tell(line)
        return True

    def finish(self) -> None:
        """Have everything taken down, and return when it is."""
        self.revive()
        self._close()
        self.process.wait()

    def _close(self) -> None:
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):
            self.process.stdin.close()

    def _tell(self, line: bytes) -> None:
        assert self.process.stdin is not None
        # Where it has been killed this moment, `revive` tells it all again.
        with suppress(BrokenPipeError):
            self.process.stdin.write(line)
            self.process.stdin.flush()


@dataclass(frozen=True)
class Ward:
    """A process in the guardian's care."""

    name: str
    process: psutil.Process
    stage: int
    stop_signal: int
    patience: float


def main(folder: str, *, temporary: bool) -> None:
    """Listen until the pipe ends, then take everything down."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    wards: dict[str, Ward] = {}
    for line in sys.stdin:
        name, pid, stage, stop_signal, patience = json.loads(line)
        try:
            # Remembers when the process began: a later process with the same pid is not touched.
            wards[name] = Ward(name, psutil.Process(pid), stage, stop_signal, patience)
        except psutil.NoSuchProcess:
            wards.pop(name, None)
    take_down(list(wards.values()))
    sweep(folder)
    if temporary:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        # It names what runs; nothing runs any more.
        Path(folder, TOPOLOGY).unlink(missing_ok=True)


def take_down(wards: list[Ward]) -> None:
    """End the processes stage by stage, the highest first, each with a signal and then, out of patience, SIGKILL."""
    for _, group in groupby(sorted(wards, key=lambda ward: -ward.stage), key=lambda ward: ward.stage):
        stage = [ward for ward in group if running(ward.process)]
        for ward in stage:
            send(ward.process, ward.stop_signal)
        asked = time.monotonic()
        for ward in sorted(stage, key=lambda ward: ward.patience):
            wait(ward.process, asked + ward.patience - time.monotonic())
            if running(ward.process):
                print(f"guardian: {ward.name} did not end in {ward.patience:.0f} s: killed", flush=True)
                send(ward.process, signal.SIGKILL)
                wait(ward.process, 1.0)


def sweep(mark: str) -> None:
    """Kill every process that still carries the mark: what the stack's processes have started and left behind."""
    for process in marked(mark):
        print(f"guardian: pid {process.pid} was left behind: killed", flush=True)
        send(process, signal.SIGKILL)


def marked(mark: str) -> list[psutil.Process]:
    """The running processes of this stack, as far as we may look into them."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == mark and running(process):
                found.append(process)
        except psutil.Error:
            continue
    return found


def wait(process: psutil.Process, seconds: float) -> None:
    """Wait for the end of a process at most so long."""
    limit = time.monotonic() + seconds
    while running(process) and time.monotonic() < limit:
        time.sleep(0.02)


if __name__ == "__main__":
    main(sys.argv[1], temporary="temporary" in sys.argv[2:])
