"""The number of entries for the metrics (contract O4)."""

import asyncio
from contextlib import suppress

from fastapi import FastAPI
from prometheus_client import REGISTRY

from services.dex.counting import keep_counting
from services.dex.tests.story import Story


async def test_scrapes_read_a_number_that_was_counted_before(story: Story, app: FastAPI, statements) -> None:
    ada, fox = await story.player("ada"), await story.animal("Vulpes vulpes")
    for _ in range(3):
        await story.catch(ada, fox)
    counting = asyncio.create_task(keep_counting(app.state.service))
    async with asyncio.timeout(5):
        while REGISTRY.get_sample_value("total_dex_entries") != 3:
            await asyncio.sleep(0.005)
    counting.cancel()
    with suppress(asyncio.CancelledError):
        await counting
    with statements() as seen:
        answer = await story.client.get("/metrics/")
    assert "total_dex_entries 3.0" in answer.text
    assert seen == []
