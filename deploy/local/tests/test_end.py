"""However a stack ends, no process is left."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from deploy.local.ports import free_ports
from deploy.local.processes import CHECKOUT
from deploy.local.tests.waiting import described, processes_of, until


class Command:
    """`make dev` with three stand-ins: a process of its own, in a session of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_ports(1)[0]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "deploy.local.tests.small_stack", str(folder), str(self.port)],
            cwd=CHECKOUT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env=dict(os.environ) | {"END_WITH_PARENT": ""},
        )

    def ready(self) -> "Command":
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == f"ready http://127.0.0.1:{self.port}\n"
        return self

    def ended(self) -> tuple[int, str, str]:
        """Its exit code and what else it has said on stdout and stderr."""
        out, errors = self.process.communicate(timeout=15)
        return self.process.returncode, out, errors


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    command = Command(tmp_path)
    yield command
    if command.process.poll() is None:
        command.process.kill()
    command.process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_good_order(command: Command, number: signal.Signals) -> None:
    command.ready().process.send_signal(number)
    assert command.ended()[:2] == (0, "")
    assert processes_of(command.folder) == []
    log = (command.folder / "logs" / "postgres.log").read_text()
    assert "database system is shut down" in log


def test_a_signal_ends_it_while_it_starts(command: Command) -> None:
    until(lambda: (command.folder / "logs" / "stack.log").exists())
    command.process.send_signal(signal.SIGTERM)
    assert command.ended()[:2] == (0, "")
    assert processes_of(command.folder) == []


def test_a_killed_parent_takes_all_with_it(command: Command) -> None:
    command.ready()
    assert len(processes_of(command.folder)) > 8
    command.process.kill()
    until(lambda: processes_of(command.folder) == [], 15)
    assert not (command.folder / "topology.json").exists()


def test_a_killed_parent_takes_all_with_it_while_it_starts(command: Command) -> None:
    until(lambda: "postgres: started" in read(command.folder / "logs" / "stack.log"))
    command.process.kill()
    until(lambda: processes_of(command.folder) == [], 15)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process of its parent's death")
def test_parent_and_guardian_killed_together_leave_no_server(command: Command) -> None:
    command.ready()
    description = described(command.folder)
    for pid in (description["guardian_pid"], command.process.pid):
        os.kill(pid, signal.SIGKILL)
    known = [psutil.Process(process["pid"]) for process in description["processes"].values() if alive(process["pid"])]
    until(lambda: not any(alive(process.pid) for process in known), 15)


def test_a_process_that_does_not_listen_is_killed(command: Command) -> None:
    command.ready()
    for name in ("dex", "gateway"):
        os.kill(described(command.folder)["processes"][name]["pid"], signal.SIGSTOP)
    began = time.monotonic()
    command.process.send_signal(signal.SIGTERM)
    assert command.ended()[0] == 0
    assert time.monotonic() - began < 15
    assert processes_of(command.folder) == []


def test_the_next_stack_waits_for_the_guardian_of_a_killed_one(command: Command) -> None:
    os.kill(described(command.ready().folder)["processes"]["gateway"]["pid"], signal.SIGSTOP)
    command.process.kill()
    command.process.wait()
    successor = Command(command.folder)
    successor.ready().process.send_signal(signal.SIGTERM)
    assert successor.ended()[0] == 0
    assert processes_of(command.folder) == []


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def read(path: Path) -> str:
    return path.read_text() if path.exists() else ""
