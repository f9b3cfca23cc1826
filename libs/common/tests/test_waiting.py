"""Waiting for one's own writes, and what counts as away for the moment."""

import asyncio
import time
from collections.abc import Sequence
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError

from libs.common.availability import is_away
from libs.common.consistency import LOOK_SECONDS, WAIT_SECONDS, Progress, Token
from libs.common.db import Database
from libs.common.tests.conftest import RefUser

READERS = 50
BUSY_SECONDS = 0.03


class Behind(Progress):
    """A service that has not seen it yet, whatever it is."""

    looks = 0

    async def _here(self, tokens: Sequence[Token]) -> set[Token]:
        self.looks += 1
        return set()


async def test_woken_and_given_up_at_the_same_moment(scratch: Database) -> None:
    """Readers whose wait ends while they are woken are told so (found by chaos: it was a 500)."""
    progress = Behind(scratch, {"user": RefUser})
    over = asyncio.Event()

    async def wake() -> None:
        while not over.is_set():
            await progress.moved()
            time.sleep(BUSY_SECONDS)  # A loop that is late: several waits end in the same round of it.
            await asyncio.sleep(0)

    waking = asyncio.create_task(wake())
    waits = (progress.wait_for(f"user/{uuid4()}@1") for _ in range(READERS))
    try:
        async with asyncio.timeout(20):
            found = await asyncio.gather(*waits, return_exceptions=True)
    finally:
        over.set()
        await waking
    assert found == [False] * READERS


async def test_many_who_wait_look_once_for_all(scratch: Database) -> None:
    """Under load every look of every reader would make late what is late already (hardening 0.7)."""
    progress = Behind(scratch, {"user": RefUser})
    began = time.monotonic()
    await asyncio.gather(*(progress.wait_for(f"user/{uuid4()}@1") for _ in range(READERS)))
    together = (time.monotonic() - began) / LOOK_SECONDS
    assert progress.looks <= READERS + together + 1, "each once by itself, then one for all"


async def test_where_copies_are_late_only_one_waits_for_long(scratch: Database) -> None:
    """The others take what there is; the one who waits finds out when that is over."""
    progress = Behind(scratch, {"user": RefUser})
    assert await progress.wait_for(f"user/{uuid4()}@1") is False

    async def seconds() -> float:
        began = time.monotonic()
        assert await progress.wait_for(f"user/{uuid4()}@1") is False
        return time.monotonic() - began

    waited = sorted(await asyncio.gather(*(seconds() for _ in range(READERS))))
    assert waited[-1] > WAIT_SECONDS * 0.9
    assert waited[-2] < WAIT_SECONDS / 2


@pytest.mark.parametrize(
    ("cause", "away"),
    [
        (asyncpg.InternalClientError("cannot switch to state 15; another operation (2) is in progress"), True),
        (asyncpg.DataError("value out of range"), False),
    ],
)
def test_a_driver_out_of_step_is_away(cause: Exception, away: bool) -> None:
    """A backend that ends in the middle of something leaves the driver confused: 503, and again later (H9)."""
    orig = Exception(str(cause))
    orig.__cause__ = cause
    assert is_away(DBAPIError("SELECT 1", None, orig)) is away
