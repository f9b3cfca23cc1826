"""The process that decodes a picture is killed from outside, again and again: one job fails, no other (H17, 2A 37)."""

import asyncio
import io
import signal

import psutil
import pytest
from PIL import Image

from tests.fakes.model_steps import Say
from tests.faults.analysis import send_job
from tests.faults.database_stack import HurtMesh
from tests.faults.recovery import verified
from tests.mesh import signed_up

NOT_AT_WORK = 80 * 1024 * 1024
"""A child that waits has some 40 MB, one that takes its task up to 60; decoding this picture it has over 100. The time
that its start took tells nothing where others are at work as well."""


def slow_picture() -> bytes:
    """Noise: nothing about it is cheap to decode, to scale or to pack."""
    written = io.BytesIO()
    noise = [Image.effect_noise((4200, 4200), 90) for _ in "RGB"]
    Image.merge("RGB", noise).save(written, "JPEG", quality=40)
    return written.getvalue()


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL], ids=["crash", "out of memory"])
async def test_only_the_picture_at_hand_suffers(hurt: HurtMesh, number: signal.Signals) -> None:
    """2A 37, H17: the kernel ends the child, as after a bug in a codec or when memory is short."""
    hurt.model.forget()
    hurt.model.otherwise = Say("Panthera onca (jaguar)")
    async with signed_up(hurt, "ada") as ada:
        worker = hurt.process("vision-worker")
        job = await send_job(ada, data=slow_picture())
        while (found := await ada.get(f"/vision/jobs/{job}/"))["status"] not in ("completed", "failed"):
            for child in worker.children(recursive=True):
                if is_decoding(child):
                    child.send_signal(number)
            await asyncio.sleep(0.02)
        assert (found["status"], found["error_message"]) == ("failed", "The image could not be read.")
        assert hurt.process("vision-worker").pid == worker.pid
        following = await ada.finished(await send_job(ada))
        assert following["status"] == "completed"
        assert following["dex_compatible_url"]
    assert not await verified(hurt)


def is_decoding(child: psutil.Process) -> bool:
    """Whether it has work; one that is only being started has not, and is left alone."""
    try:
        return "spawn_main" in " ".join(child.cmdline()) and child.memory_info().rss > NOT_AT_WORK
    except psutil.NoSuchProcess:
        return False
