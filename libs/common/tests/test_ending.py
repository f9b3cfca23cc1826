"""Tasks end, also those that take their first cancellation for something else."""

import asyncio

from libs.common import ending
from libs.common.ending import end


async def test_a_loop_that_swallows_the_first_cancellation_is_ended() -> None:
    swallowed = 0

    async def survive() -> None:
        nonlocal swallowed
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                # As a driver does that finds its connection broken while it is cancelled.
                if swallowed:
                    raise
                swallowed += 1

    task = asyncio.create_task(survive())
    await asyncio.sleep(0)
    async with asyncio.timeout(10 * ending.AGAIN_SECONDS):
        await end([task])
    assert task.cancelled()
    assert swallowed == 1


async def test_what_fails_while_it_ends_is_not_raised() -> None:
    async def fail() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            raise OSError

    failing = asyncio.create_task(fail())
    await asyncio.sleep(0)
    await end([failing])
    await end([])
    assert failing.done()
