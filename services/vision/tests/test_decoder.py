"""Strangers' pictures cost their own child process at most (contract B4)."""

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator, Callable
from typing import Any

import psutil
import pytest
from PIL import Image

from libs.common.errors import Unavailable
from services.vision.decoder import Decoder
from services.vision.pictures import TooManyPixels, Undecodable, UnsupportedFormat
from services.vision.tests.samples import encoded, gray_bomb, jpeg, picture, png


def decoder_with(**limits: Any) -> Decoder:
    defaults: dict[str, Any] = {
        "children": 1,
        "max_waiting": 4,
        "memory_mb": 1024,
        "cpu_seconds": 20,
        "timeout_seconds": 20.0,
        "max_pixels": 50_000_000,
    }
    return Decoder(**{**defaults, **limits})


@pytest.fixture
async def decoder() -> AsyncIterator[Decoder]:
    found = decoder_with()
    yield found
    await found.close()


def children() -> list[psutil.Process]:
    """The decoders' processes; beside them runs the resource tracker of multiprocessing."""
    return [child for child in psutil.Process().children() if "--multiprocessing-fork" in child.cmdline()]


async def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


async def test_pictures_are_made_in_another_process(decoder: Decoder) -> None:
    made = await decoder.standardize(jpeg(), 90, None)
    assert made.size == (48, 64)
    assert (await decoder.inspect(png())).format == "PNG"
    assert await decoder.render_for_model(jpeg())


async def test_refusals_come_back_as_what_they_are(decoder: Decoder) -> None:
    with pytest.raises(UnsupportedFormat) as refused:
        await decoder.inspect(encoded(picture(), "GIF"))
    assert refused.value.args == ("image/gif",)
    with pytest.raises(TooManyPixels):
        await decoder.inspect(gray_bomb(13_000))


async def test_a_killed_child_costs_nobody_anything(decoder: Decoder) -> None:
    """Hardening 2A 37: somebody else has killed it, so the picture is given to another."""
    work = asyncio.create_task(decoder.standardize(jpeg(4000, 4000), 0, None))
    await kill_the_child_at_work()
    assert (await work).size == (2560, 2560)
    assert (await decoder.standardize(jpeg(), 0, None)).size == (64, 48)


async def test_a_picture_that_kills_two_children_is_refused_and_no_other(decoder: Decoder) -> None:
    """Hardening 2A 37: the third child is for the next picture."""
    work = asyncio.create_task(decoder._run(die))
    with pytest.raises((Undecodable, Unavailable)):
        await work
    assert (await decoder.standardize(jpeg(), 0, None)).size == (64, 48)


def die() -> None:
    """As a picture in which a decoder trips over its own memory."""
    os.kill(os.getpid(), signal.SIGSEGV)


async def kill_the_child_at_work() -> None:
    """As soon as there is one that has begun."""
    before: dict[psutil.Process, float] = {}

    def is_at_work() -> bool:
        return any(child.cpu_times().user > before.setdefault(child, child.cpu_times().user) for child in children())

    await until(is_at_work)
    for child in children():
        os.kill(child.pid, signal.SIGKILL)


async def test_an_idle_child_that_dies_is_replaced(decoder: Decoder) -> None:
    await decoder.inspect(jpeg())
    for child in children():
        child.kill()

    async def works() -> bool:
        try:
            return (await decoder.inspect(jpeg())).size == (64, 48)
        except (Undecodable, Unavailable):
            return False

    assert await works() or await works()


async def test_too_slow_a_picture_is_killed() -> None:
    # Noise cannot be compressed, so this takes more than a second everywhere.
    noise = encoded(Image.frombytes("RGB", (5000, 4000), random.Random(7).randbytes(60_000_000)), "JPEG")
    decoder = decoder_with(timeout_seconds=0.15)
    try:
        with pytest.raises(Undecodable):
            await decoder.standardize(noise, 0, None)
    finally:
        await decoder.close()


async def test_too_large_a_picture_meets_the_memory_limit() -> None:
    decoder = decoder_with(memory_mb=300)
    try:
        assert (await decoder.standardize(jpeg(), 0, None)).size == (64, 48)
        with pytest.raises(Undecodable):
            await decoder.standardize(png(7000, 7000), 0, None)
        assert (await decoder.standardize(jpeg(), 0, None)).size == (64, 48)
    finally:
        await decoder.close()


async def test_more_than_can_wait_are_turned_away() -> None:
    decoder = decoder_with(max_waiting=0)
    try:
        first = asyncio.create_task(decoder.standardize(jpeg(2000, 2000), 0, None))
        await asyncio.sleep(0)
        with pytest.raises(Unavailable):
            await decoder.inspect(jpeg())
        await first
    finally:
        await decoder.close()


async def test_no_child_outlives_its_decoder() -> None:
    decoder = decoder_with()
    await decoder.inspect(jpeg())
    mine = children()
    assert mine
    await decoder.close()
    await until(lambda: not any(child.is_running() and child.status() != "zombie" for child in mine))
