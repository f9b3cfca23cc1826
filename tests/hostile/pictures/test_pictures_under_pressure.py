"""Hardening 2A 33, 34, 37 and 2F 142: many at once, the largest at once, and decoders that are killed at work."""

import asyncio
import signal
from collections import Counter

import httpx
import psutil
import pytest

from deploy.local.player import Player
from services.vision.tests.samples import encoded
from tests.answers import Ask, body_of
from tests.contract.captures import looked_at, new_picture
from tests.contract.own_processes import running
from tests.contract.pictures import as_file, corners
from tests.hostile.pictures.doors import CONVERT, JOB, knock
from tests.mesh import Mesh, until

AT_ONCE = 50
MEMORY = 800_000_000
"""Bytes that the service itself may hold: sixteen uploads in flight, and what it is made of."""


async def test_the_same_photo_fifty_times_at_once(mesh: Mesh, ask: Ask, ada: Player) -> None:
    """34: some are told to come back, nobody fails, and in the end it is one conversion and one job."""
    photo = encoded(corners(4000, 3000), "JPEG", quality=95, comment=new_picture())
    answers = await asyncio.gather(*(knock(ask, ada, CONVERT, photo) for _ in range(AT_ONCE)))
    counted = Counter(answer.status_code for answer in answers)
    assert counted.keys() <= {200, 201, 503}, counted
    assert counted[201] >= 1
    assert all("retry-after" in answer.headers for answer in answers if answer.status_code == 503)
    assert mesh.process("vision").memory_info().rss < MEMORY
    again = body_of(await knock(ask, ada, CONVERT, photo))
    body = {"conversion_id": again["id"], "cv_method": "fallback"}
    jobs = await asyncio.gather(*(ask(ada, "POST", JOB.path, json=body) for _ in range(8)))
    assert len({answer.json()["id"] for answer in jobs if answer.status_code < 300}) == 1
    assert {answer.status_code for answer in jobs} <= {200, 201, 503}


async def test_the_largest_photo_of_a_phone(ask: Ask, ada: Player) -> None:
    """33: 48 megapixels are taken as long as the file is no larger than the limit, which is said otherwise."""
    photo = encoded(corners(8064, 6048), "JPEG", quality=90, comment=new_picture())
    found = body_of(await knock(ask, ada, CONVERT, photo), 201)
    assert found["metadata"]["original_size"] == [8064, 6048]
    assert found["metadata"]["converted_size"] == [2560, 1920]


async def test_a_decoder_that_is_killed_costs_nobody_a_picture(mesh: Mesh, ada: Player) -> None:
    """37: the picture goes to another child; one that kills two is refused, and the service goes on."""
    photo = encoded(corners(7000, 7000), "PNG", compress_level=1)
    async with (
        running(mesh, "vision", DECODER_CHILDREN="1") as url,
        httpx.AsyncClient(base_url=url, timeout=60, headers={"Authorization": ada.authorization}) as client,
    ):

        async def send(data: bytes) -> httpx.Response:
            return await client.post(f"/api/v1{CONVERT.path}", files=as_file(data))

        assert (await send(new_picture())).status_code == 201
        waiting = asyncio.create_task(send(photo))
        await kill_at_work(1)
        answer = await waiting
        assert answer.status_code in (200, 201), answer.text
        waiting = asyncio.create_task(send(photo + b"another"))
        await kill_at_work(2)
        answer = await waiting
        assert answer.status_code in (400, 503), answer.text
        assert (await send(new_picture())).status_code == 201


async def kill_at_work(times: int) -> None:
    """Ends the decoder of the process that the test has started, as often, each as soon as it has work in hand."""
    killed: set[int] = set()
    began: dict[int, float] = {}

    async def one_is_at_work() -> bool:
        for child in psutil.Process().children(recursive=True):
            try:
                if child.pid in killed or "--multiprocessing-fork" not in child.cmdline():
                    continue
                spent = child.cpu_times().user
                if spent > began.setdefault(child.pid, spent) + 0.02 and child.memory_info().rss > 90_000_000:
                    child.send_signal(signal.SIGSEGV)
                    killed.add(child.pid)
                    return True
            except psutil.NoSuchProcess:
                continue
        return False

    for _ in range(times):
        await until(one_is_at_work)


@pytest.mark.parametrize(
    "parts",
    ["0-," * 1000 + "0-", "-1," * 5000 + "0-0", "0-" + "9" * 400, "9" * 400 + "-", "a-b", "5-1", "-"],
    ids=lambda parts: parts[:20],
)
async def test_parts_of_a_picture_are_bounded(ask: Ask, ada: Player, parts: str) -> None:
    """142: however many are asked for, never more than the picture comes back."""
    url = (await looked_at(ask, ada))["dex_compatible_url"]
    async with httpx.AsyncClient() as web:
        whole = await web.get(url)
        answer = await web.get(url, headers={"Range": f"bytes={parts}"})
    assert answer.status_code in (200, 206, 416, 431)
    assert len(answer.content) <= max(len(whole.content), 500)
