"""SIGTERM in the middle of an upload, of a request, of a job: finished or refused or handed on, never lost (H24)."""

import asyncio
import signal
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import psutil

from deploy.commands.walk import PHOTOS
from tests.fakes.model_steps import Held, Say
from tests.faults.analysis import numbers, send_job, told_on_the_bus, until_asked
from tests.faults.beside import beside
from tests.faults.database_stack import LEASE_SECONDS, HurtMesh
from tests.faults.recovery import verified
from tests.faults.signals import paused
from tests.faults.told import PATIENCE_SECONDS
from tests.mesh import signed_up, until

GRACE_SECONDS = 15.0
BOUNDARY = "----the-fault-suite"


async def test_in_the_middle_of_uploads(hurt: HurtMesh) -> None:
    """H24: the service is told to end while four uploads are under way, and one has not sent its last byte."""
    async with signed_up(hurt, "ada") as ada:
        rest, under_way = asyncio.Event(), asyncio.Event()
        slow = asyncio.create_task(_upload_slowly(hurt.url, ada.authorization, rest, under_way))
        await under_way.wait()
        vision = hurt.process("vision")
        quick = [asyncio.create_task(ada.raw("POST", "/images/convert/", files=_picture(name))) for name in PICTURES]
        await asyncio.sleep(0.05)
        began = time.monotonic()
        vision.send_signal(signal.SIGTERM)
        rest.set()
        statuses = [(await each).status_code for each in (slow, *quick)]
        assert set(statuses) <= {200, 201, 502, 503}, statuses
        await asyncio.to_thread(psutil.wait_procs, [vision], GRACE_SECONDS)
        assert time.monotonic() - began < GRACE_SECONDS
        await until(lambda: hurt.is_back("vision", vision.pid), PATIENCE_SECONDS)

        async def takes_again() -> bool:
            return (await ada.raw("POST", "/images/convert/", files=_picture("koala"))).status_code in (200, 201)

        await until(takes_again, PATIENCE_SECONDS)
    assert not await verified(hurt)


async def test_in_the_middle_of_a_job(hurt: HurtMesh, tmp_path: Path) -> None:
    """H24: the worker puts its job back and ends; another one takes it at once, and the attempt does not count."""
    hurt.model.forget()
    gate = threading.Event()
    hurt.model.will(Held(gate, Say("Lynx lynx")), Say("Bison bison (American bison)"))
    async with signed_up(hurt, "ada") as ada:
        async with beside(hurt, "vision-worker", tmp_path, BUS_FAULT_DIR="", CV_LEASE_SECONDS="60") as leaving:
            with paused(hurt.process("vision-worker")):
                job = await send_job(ada)
                await until_asked(hurt, 1)
                leaving.handle.terminate()
                began = time.monotonic()
                await leaving.exit_code(GRACE_SECONDS)
                assert time.monotonic() - began < GRACE_SECONDS
        # A minute's lease is not waited for: the job was handed on.
        handed_on = time.monotonic()
        result = await ada.finished(job)
        assert time.monotonic() - handed_on < 60 - LEASE_SECONDS
        gate.set()
    assert (result["status"], result["detected_animals"][0]["scientific_name"]) == ("completed", "Bison bison")
    assert (await numbers(hurt, [job]))[job]["retry_count"] == 0
    assert await told_on_the_bus(hurt, [job]) == {job: 1}
    assert not await verified(hurt)


PICTURES = ("koala", "panda", "jaguar")


def _picture(name: str) -> dict[str, tuple[str, bytes, str]]:
    return {"image": ("photo.jpg", (PHOTOS / f"{name}.webp").read_bytes(), "image/jpeg")}


async def _upload_slowly(url: str, who: str, rest: asyncio.Event, under_way: asyncio.Event) -> httpx.Response:
    """Sends all but the end of a multipart body, waits, and sends the end."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n\r\n'.encode()

    async def body() -> AsyncIterator[bytes]:
        yield head + (PHOTOS / "koala.webp").read_bytes()
        under_way.set()
        await rest.wait()
        yield f"\r\n--{BOUNDARY}--\r\n".encode()

    headers = {"Authorization": who, "Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    async with httpx.AsyncClient(timeout=30) as client:
        return await client.post(f"{url}/api/v1/images/convert/", content=body(), headers=headers)
