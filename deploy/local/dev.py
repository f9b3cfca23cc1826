"""The stack for people at a terminal: `make dev`, and the frame in which other commands use a running stack."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from deploy.local.failure import StackFailure
from deploy.local.platforms import unsupported
from deploy.local.processes import CHECKOUT
from deploy.local.progress import Progress
from deploy.local.stack import Stack
from deploy.local.topology import MESH, Topology

DEFAULT_PORT = 8000
# Set by the Makefile: make itself hands no signal on when it is killed.
END_WITH_PARENT = "END_WITH_PARENT"


def run_dev(data_dir: Path | None = None, port: int | None = None) -> int:
    """`make dev`: run the mesh until Ctrl-C or SIGTERM; one line on stdout once it is ready. Returns the exit code."""

    def serve(stack: Stack) -> int:
        print(f"ready {stack.url}", flush=True)
        stack.wait()
        return 1

    return with_stack(serve, data_dir=data_dir, port=port)


def with_stack(
    work: Callable[[Stack], int],
    *,
    data_dir: Path | None = None,
    port: int | None = None,
    topology: Topology = MESH,
) -> int:
    """Bring the mesh up, do `work` with it, take it down again; returns the exit code of the command.

    `data_dir` defaults to DATA_DIR or `.data` in the checkout, `port` to PORT or 8000. Progress goes to stderr. SIGINT,
    SIGTERM and SIGHUP end it in good order at any time, with exit code 0. What is wrong with this machine (exit code 2)
    or with this start (exit code 1) is said in one sentence.
    """
    if reason := unsupported():
        print(reason, file=sys.stderr)
        return 2
    try:
        _end_on_signals()
        with Progress() as progress, _stack(data_dir, port, topology, progress) as stack:
            progress.done()
            return work(stack)
    except KeyboardInterrupt:
        return 0
    except StackFailure as failure:
        print(failure, file=sys.stderr)
        return 1
    except PermissionError as error:
        print(f"{error.filename} belongs to another user; name another folder by DATA_DIR.", file=sys.stderr)
        return 1


def _stack(data_dir: Path | None, port: int | None, topology: Topology, progress: Progress) -> Stack:
    chosen = data_dir or Path(os.environ.get("DATA_DIR") or CHECKOUT / ".data")
    given = os.environ.get("PORT") or str(DEFAULT_PORT)
    if port is None and not given.isdecimal():
        raise StackFailure(f"PORT must be a number, not {given!r}.")
    return Stack(chosen, port=int(given) if port is None else port, topology=topology, report=progress)


def _end_on_signals() -> None:
    """Have each of the usual signals raise KeyboardInterrupt in the main thread, once."""
    ends = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def end(number: int, frame: FrameType | None) -> None:
        for each in ends:
            # The end takes some seconds; a second Ctrl-C must not leave half of it. Not SIG_IGN: children inherit that.
            signal.signal(each, _do_nothing)
        raise KeyboardInterrupt

    for each in ends:
        # Whoever started us with nohup wants us to outlive the terminal. An ignored SIGINT only means `&` in a script.
        if each != signal.SIGHUP or signal.getsignal(each) != signal.SIG_IGN:
            signal.signal(each, end)
    if os.environ.pop(END_WITH_PARENT, ""):
        threading.Thread(target=_watch_parent, args=(os.getppid(),), daemon=True).start()


def _do_nothing(number: int, frame: FrameType | None) -> None:
    """A signal that has been heard already."""


def _watch_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)
