"""Waiting until a process answers."""

import http.client
import subprocess
import time
from collections.abc import Callable

from deploy.local.failure import StackFailure
from deploy.local.processes import Program


def http_status(port: int, path: str, seconds: float = 2.0) -> int | None:
    """The status that 127.0.0.1 answers to GET `path`; None when nobody answers in time.

    Not by urllib, which would ask the proxy of the environment.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def wait_until(
    answers: Callable[[], bool], program: Program, process: subprocess.Popen[bytes], seconds: float = 60.0
) -> None:
    """Wait until a freshly started process answers; StackFailure with its last words when it dies or takes too long."""
    limit = time.monotonic() + seconds
    while not answers():
        if process.poll() is not None:
            raise StackFailure(f"{program.name} has ended instead of starting:\n{program.last_words()}")
        if time.monotonic() > limit:
            raise StackFailure(f"{program.name} is not ready after {seconds:.0f} s:\n{program.last_words()}")
        time.sleep(0.02)
