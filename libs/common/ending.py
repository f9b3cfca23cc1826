"""Ends tasks for certain."""

import asyncio
from collections.abc import Collection
from typing import Any, Final

AGAIN_SECONDS: Final = 1.0


async def end(tasks: Collection["asyncio.Task[Any]"]) -> None:
    """Cancels tasks until all of them have ended; what they raise meanwhile is nobody's concern any more.

    Once is not enough: a driver that loses its connection at that very moment reports the loss instead of the
    cancellation, and a loop that survives such losses goes on (found by chaos: a command that never came back).
    """
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        done, left = await asyncio.wait(left, timeout=AGAIN_SECONDS)
        for task in done:
            if not task.cancelled():
                task.exception()
