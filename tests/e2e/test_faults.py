"""Processes are killed and servers go away; what was acknowledged is not lost, and the rest is said in seconds."""

import asyncio
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from deploy.commands.walk import PHOTOS
from deploy.local.player import Player
from tests.mesh import Mesh, NewPlayer, until


@contextmanager
def paused(process: psutil.Process) -> Iterator[None]:
    """Stopped, with all that it has started; goes on afterwards."""
    family = [process, *process.children(recursive=True)]
    for each in family:
        each.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for each in family:
            each.send_signal(signal.SIGCONT)


async def test_the_vision_worker_is_killed_during_a_job(mesh: Mesh, new_player: NewPlayer) -> None:
    ada = await new_player("ada")
    conversion = await ada.upload(PHOTOS / "jaguar.webp")
    with paused(mesh.process("vision-worker")):
        job = await ada.post("/vision/jobs/", {"conversion_id": conversion})
        pid = mesh.process("vision-worker").pid

    async def processing_or_done() -> bool:
        return (await ada.get(f"/vision/jobs/{job['id']}/"))["status"] != "pending"

    await until(processing_or_done)
    psutil.Process(pid).kill()
    ended = await ada.finished(job["id"])
    assert ended["status"] == "completed"
    assert len(ended["detected_animals"]) == 1

    async def is_back() -> bool:
        try:
            return mesh.process("vision-worker").pid != pid
        except psutil.NoSuchProcess:
            return False  # Gone already, and not written down anew yet.

    await until(is_back)


async def test_dex_is_killed_after_a_commit(mesh: Mesh, new_player: NewPlayer, listener: Client) -> None:
    seen: list[Msg] = []

    async def note(message: Msg) -> None:
        seen.append(message)

    await listener.subscribe("dex.created", cb=note)
    await listener.flush()
    ada = await new_player("ada")
    job = await ada.identify(await ada.upload(PHOTOS / "lemur.webp"))
    entry = await ada.catch(job)
    dex = mesh.process("dex")
    dex.kill()

    async def arrived() -> bool:
        return any(entry["id"].encode() in message.data for message in seen)

    await until(arrived)

    async def counted() -> bool:
        answer = await ada._client.get("/users/me/")
        return answer.status_code == 200 and answer.json()["profile"]["total_catches"] == 1

    await until(counted)

    async def answers_again() -> bool:
        answer = await ada._client.get("/dex/entries/my_entries/")
        return answer.status_code == 200 and answer.json()["count"] == 1

    await until(answers_again)
    assert sum(entry["id"].encode() in message.data for message in seen) == 1


async def test_writes_go_on_without_the_bus(mesh: Mesh, new_player: NewPlayer) -> None:
    ada = await new_player("ada")
    job = await ada.identify(await ada.upload(PHOTOS / "panda.webp"))
    with paused(mesh.process("nats")):
        began = time.monotonic()
        entry = await ada.catch(job)
        assert time.monotonic() - began < 3
        ben = await new_player("ben")
        assert (await ada.get("/dex/entries/my_entries/"))["results"][0]["id"] == entry["id"]

    async def arrived() -> bool:
        return bool((await ada.tree("personal"))["stats"]["user_captures"] == 1)

    await until(arrived, 40)
    await ada.befriend(ben)


@pytest.mark.parametrize("path", ["/dex/entries/my_entries/", "/users/me/", "/animals/"])
async def test_a_paused_database_is_a_503_in_seconds(mesh: Mesh, new_player: NewPlayer, path: str) -> None:
    ada = await new_player("ada")
    with paused(mesh.process("postgres")):
        began = time.monotonic()
        answer = await ada._client.get(path)
        assert time.monotonic() - began < 8
        assert answer.status_code == 503, answer.text
        assert isinstance(answer.json()["detail"], str)
        assert "retry-after" in answer.headers

    async def recovered() -> bool:
        return await _answers(ada, path)

    await until(recovered, 10)


async def _answers(player: Player, path: str) -> bool:
    return (await player._client.get(path)).status_code == 200


async def test_a_burst_of_the_same_request_is_one_entry(new_player: NewPlayer) -> None:
    """The client repeats a POST that it had no answer to."""
    ada = await new_player("ada")
    job = await ada.identify(await ada.upload(PHOTOS / "koala.webp"))
    entries = await asyncio.gather(*(ada.catch(job) for _ in range(5)))
    assert len({entry["id"] for entry in entries}) == 1
    assert (await ada.get("/dex/entries/my_entries/"))["count"] == 1
