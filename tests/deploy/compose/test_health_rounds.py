"""Containers go on being asked how they are when podman cannot read its own results any more."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.compose.entering import INSIDE
from tests.deploy.compose.health_rounds import HealthRounds
from tests.deploy.compose.stand_ins import NATS

pytestmark = [pytest.mark.containers, pytest.mark.timeout(120)]

SECONDS = 30.0
CHECK = ("--health-cmd", "true", "--health-interval", "2s")


@pytest.fixture
def container() -> Iterator[str]:
    name = podman(
        "run", "-d", "--init", "--network", "none", *CHECK, "--entrypoint", "", NATS, "busybox", "sleep", "600"
    )
    try:
        yield name
    finally:
        podman("rm", "-f", "-t", "1", name)


def podman(*words: str) -> str:
    return subprocess.run(("podman", *words), capture_output=True, text=True, check=True, timeout=60).stdout.strip()


def health(container: str) -> str:
    found: str = json.loads(podman("inspect", "--format", "{{json .State.Health.Status}}", container))
    return found


def test_half_written_results_are_begun_anew(container: str) -> None:
    with HealthRounds():
        _wait_until_healthy(container)
    (results,) = Path(os.environ[INSIDE], "run", "overlay-containers", container).rglob("healthcheck.log")
    results.write_bytes(results.read_bytes()[:20])
    assert health(container) == ""
    with HealthRounds():
        _wait_until_healthy(container)


def _wait_until_healthy(container: str) -> None:
    deadline = time.monotonic() + SECONDS
    while health(container) != "healthy":
        assert time.monotonic() < deadline, health(container)
        time.sleep(0.2)
