"""The health check of an image, asked as docker asks it, of a process that is started as an image starts it."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from deploy.images.plan import CHECKOUT
from deploy.local.ports import free_ports
from deploy.local.tests.waiting import until

ALIVE = CHECKOUT / "deploy" / "images" / "inside" / "alive.py"


def ask(port: int, *path: str) -> int:
    command = [sys.executable, "-I", "-S", str(ALIVE), *path]
    return subprocess.run(command, env={**os.environ, "PORT": str(port)}, check=False).returncode


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    (port,) = free_ports(1)
    told = {"APP": "deploy.images.tests.small_app:app", "HOST": "127.0.0.1", "PORT": str(port)}
    # No argument: the images name it by APP.
    process = subprocess.Popen(
        [sys.executable, "-m", "libs.common.run"], cwd=CHECKOUT, env={**os.environ, **told}, stderr=subprocess.DEVNULL
    )
    try:
        until(lambda: ask(port) == 0)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def test_it_is_well(port: int) -> None:
    assert ask(port) == 0
    assert ask(port, "/health/") == 0


def test_an_answer_that_is_no_yes_is_a_no(port: int) -> None:
    assert ask(port, "/ready/") == 1


def test_nobody_there_is_a_no() -> None:
    assert ask(free_ports(1)[0]) == 1
