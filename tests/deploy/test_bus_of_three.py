"""The three servers of Kubernetes find each other, by the very files that they have there."""

import asyncio
import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from deploy.check.rendering import HOW_TO_INSTALL, K8S, cluster_of, has_kubectl, render
from deploy.check.servers import configure_bus
from deploy.local.nats import binary
from deploy.local.ports import free_ports
from deploy.new_secrets import BUS_SERVERS

READY_WITHIN = 40

if not has_kubectl():
    pytest.skip(HOW_TO_INSTALL, allow_module_level=True)


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[list[tuple[int, int]]]:
    """Client's and monitor's port of each. Only addresses and the folder of data are others than there."""
    cluster = cluster_of(render(K8S / "overlays" / "prod"))
    ports = free_ports(3 * BUS_SERVERS)
    clients, monitors, routes = (ports[n::3] for n in range(3))
    with ExitStack() as ending:
        first = ""
        for number in range(BUS_SERVERS):
            folder = tmp_path / str(number)
            folder.mkdir()
            path = configure_bus(cluster, folder)
            shared = folder / "secrets" / "cluster.conf"
            first = first or shared.read_text() + "\0" + (folder / "secrets" / "passwords.conf").read_text()
            addresses, passwords = first.split("\0")
            shared.write_text(re.sub(r"nats-(\d)\.nats:6222", lambda m: f"127.0.0.1:{routes[int(m[1])]}", addresses))
            text = path.read_text()
            text = text.replace((folder / "secrets" / "passwords.conf").read_text(), passwords)
            for port, ours in (("4222", clients), ("8222", monitors), ("6222", routes)):
                text = text.replace(f'"0.0.0.0:{port}"', f'"127.0.0.1:{ours[number]}"')
            path.write_text(text.replace("/data", str(folder / "data")))
            (tmp_path / "passwords").write_text(passwords)
            log = ending.enter_context((folder / "log").open("wb"))
            environment = os.environ | {"POD_NAME": f"nats-{number}"}
            process = subprocess.Popen([binary(), "--config", path], stdout=log, stderr=log, env=environment)
            ending.callback(process.wait)
            ending.callback(process.kill)
        yield list(zip(clients, monitors, strict=True))


def is_well(monitor: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{monitor}/healthz", timeout=1).status_code == 200
    except httpx.HTTPError:
        return False


def others_of(monitor: int) -> set[str]:
    """The servers to which one has a route."""
    return {each["remote_name"] for each in httpx.get(f"http://127.0.0.1:{monitor}/routez", timeout=1).json()["routes"]}


async def test_they_are_one_and_let_in_whom_they_know(servers: list[tuple[int, int]], tmp_path: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while not all(is_well(monitor) and len(others_of(monitor)) == BUS_SERVERS - 1 for _, monitor in servers):
        assert time.monotonic() < deadline, [(tmp_path / str(n) / "log").read_text()[-500:] for n in range(BUS_SERVERS)]
        await asyncio.sleep(0.1)
    client = servers[0][0]
    known = dict(re.findall(r'NATS_(\w+)_PASSWORD: "([^"]+)"', (tmp_path / "passwords").read_text()))
    assert await answer_to("dex", known["DEX"], client) == "PONG"
    assert await answer_to("dex", known["USERS"], client) == "-ERR 'Authorization Violation'"


async def answer_to(user: str, password: str, port: int) -> str:
    """What the server says to somebody who gives this name and password (by hand: a client would go on trying)."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        assert (await reader.readline()).startswith(b"INFO ")
        told = json.dumps({"user": user, "pass": password, "verbose": False, "lang": "python", "version": "1"})
        writer.write(f"CONNECT {told}\r\nPING\r\n".encode())
        return (await reader.readline()).decode().strip()
    finally:
        writer.close()
        await writer.wait_closed()
