"""One program of the stack: what to run, and how it is started."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

CHECKOUT = Path(__file__).resolve().parents[2]
LAUNCHER = Path(__file__).with_name("launch.py")
# Every process of a stack carries its data folder under this name, so do the processes it starts in turn:
# whatever is left behind can be found by it.
MARK = "BIOLOGIDEX_STACK"
NICE = 8


@dataclass(frozen=True)
class User:
    """Who a program runs as."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Program:
    """A process that can be started, and started again after its death.

    `stage` orders the end: the highest goes first. `patience` is the time in seconds between `stop_signal` and SIGKILL.
    `renewed` is what of its environment is looked up again at each start.
    `first` is for who must stay quick when there is more to do than the machine can: the gateway, which refuses.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    stage: int
    stop_signal: signal.Signals = signal.SIGTERM
    patience: float = 5.0
    folder: Path = CHECKOUT
    user: User | None = None
    first: bool = False
    renewed: Callable[[], Mapping[str, str]] = dict

    def start(self) -> subprocess.Popen[bytes]:
        """Start it in a session of its own, with its output at the end of its log.

        It gets its stop signal when the *thread* that called this ends, so call it from one that lives on.
        """
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                launched(self.command, self.stop_signal, self.user),
                env={**self.environment, **self.renewed()},
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        if self.first:
            prefer(process.pid)
        return process

    def last_words(self, lines: int = 15) -> str:
        """The end of its log, for a person who wants to know why it died."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - 16_384))
            return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])


def launched(command: tuple[str, ...], stop_signal: signal.Signals, user: User | None) -> list[str]:
    """The command line that runs `command` through the launcher."""
    who = f"{user.uid}:{user.gid}" if user else "-"
    return [sys.executable, "-I", "-S", str(LAUNCHER), str(int(stop_signal)), who, str(os.getpid()), *command]


def prefer(pid: int) -> None:
    """Let a process that leads a session have the processor before others, where we may ask for that.

    Only root may. Of ten times the load that can be borne, refusals took 12 ms (p50) without this, and 2 ms with it.
    """
    with suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, pid, -NICE)
    with suppress(OSError):
        # Linux shares the processor out among sessions first, and only within one by what was asked for above.
        Path(f"/proc/{pid}/autogroup").write_text(str(-NICE))


def running(process: psutil.Process) -> bool:
    """Whether it runs; one that has ended and waits for its parent to take note does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def send(process: psutil.Process, number: int) -> None:
    """Send a signal, if the process is still there."""
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return
