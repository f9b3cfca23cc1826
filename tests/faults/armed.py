"""The mesh's processes: armed for their next start, killed, and waited for."""

import asyncio
from collections.abc import Mapping

import httpx
import nats
import psutil

from deploy.local.readiness import http_status
from libs.common.bus import STREAM
from tests.mesh import Mesh, until

FAULTS = "faults"
"""Folder in the mesh's data folder: a file named like a process arms its next start (libs/common/faults.py)."""
SHORT_WAIT_SECONDS = 3


async def arm(mesh: Mesh, points: Mapping[str, str]) -> dict[str, int]:
    """Has each of these processes started anew, to be killed at its point; their new pids."""
    old = {name: mesh.process(name).pid for name in points}
    for name, words in points.items():
        (mesh.data_dir / FAULTS / name).write_text(words)
        mesh.process(name).kill()
    await until(lambda: are_back(mesh, old), 60)
    assert not list((mesh.data_dir / FAULTS).iterdir()), "somebody has not read what was meant for them"
    return {name: mesh.process(name).pid for name in points}


async def are_back(mesh: Mesh, old: Mapping[str, int]) -> bool:
    """Whether each of these runs, no longer under its old pid, and is ready."""
    processes = mesh.topology["processes"]
    return all([processes[name]["pid"] != pid and await is_ready(mesh, name) for name, pid in old.items()])


async def is_ready(mesh: Mesh, name: str) -> bool:
    process = mesh.topology["processes"][name]
    if not psutil.pid_exists(process["pid"]):
        return False
    return await asyncio.to_thread(http_status, process["port"], "/ready/") == 200


async def all_ready(mesh: Mesh) -> bool:
    """Whether every process of the mesh is."""
    services = [name for name, each in mesh.topology["processes"].items() if each["url"]]
    return all([await is_ready(mesh, name) for name in services])


async def hurry(mesh: Mesh) -> None:
    """What was handed out to a process that is dead comes again in seconds, instead of half a minute."""
    connection = await nats.connect(mesh.topology["nats"]["url"])
    js = connection.jetstream()
    for info in await js.consumers_info(STREAM):
        if info.config.durable_name:
            info.config.ack_wait = SHORT_WAIT_SECONDS
            await js.add_consumer(STREAM, info.config)
    await connection.close()


def unanswered(answer: httpx.Response) -> bool:
    """Whether the gateway could only say that it got no answer."""
    return answer.status_code in (502, 503, 504)
