"""What others know of hardware addresses stays true: a bridge keeps its own, and who takes one over announces it."""

import json
import subprocess
from collections.abc import Iterator

import pytest

from tests.deploy.compose.stand_ins import NATS

pytestmark = [pytest.mark.containers, pytest.mark.timeout(120)]

LOWEST = "02:00:00:00:00:01"
"""By itself a bridge takes the lowest address among those who join."""


def said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()


@pytest.fixture
def bridge() -> Iterator[str]:
    """That of a network with one container."""
    said("podman", "network", "create", "alone")
    sleep = ("--entrypoint", "", NATS, "busybox", "sleep", "600")
    container = said("podman", "run", "-d", "--init", "--network", "alone", *sleep)
    try:
        yield json.loads(said("podman", "network", "inspect", "alone"))[0]["network_interface"]
    finally:
        said("podman", "rm", "-f", "-t", "1", container)
        said("podman", "network", "rm", "alone")


def test_a_bridge_keeps_its_address(bridge: str) -> None:
    before = _address(bridge)
    said("ip", "link", "add", "joins", "address", LOWEST, "type", "veth", "peer", "name", "far")
    try:
        said("ip", "link", "set", "joins", "master", bridge, "up")
        assert _address(bridge) == before
    finally:
        said("ip", "link", "del", "joins")


@pytest.mark.usefixtures("bridge")
def test_who_comes_to_an_address_announces_itself() -> None:
    """A neighbor believes that somebody else has it, and would not ask for the next half minute."""
    (neighbor,) = json.loads(said("podman", "inspect", said("podman", "ps", "-q", "--filter", "network=alone")))
    among = ("nsenter", "-t", str(neighbor["State"]["Pid"]), "--net", "ip")
    taken_over = f"{neighbor['NetworkSettings']['Networks']['alone']['IPAddress'].rpartition('.')[0]}.77"
    said(*among, "neigh", "replace", taken_over, "dev", "eth0", "lladdr", LOWEST, "nud", "reachable")
    sleep = ("--entrypoint", "", NATS, "busybox", "sleep", "600")
    container = said("podman", "run", "-d", "--init", "--network", "alone", "--ip", taken_over, *sleep)
    try:
        own = json.loads(said("podman", "inspect", container))[0]["NetworkSettings"]["Networks"]["alone"]["MacAddress"]
        (known,) = json.loads(said(*among, "-json", "neigh", "show", taken_over, "dev", "eth0"))
        assert known["lladdr"] == own
    finally:
        said("podman", "rm", "-f", "-t", "1", container)


def _address(interface: str) -> str:
    (found,) = json.loads(said("ip", "-json", "link", "show", "dev", interface))
    return str(found["address"])
