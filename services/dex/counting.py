"""How many entries there are, for the metrics: counted beside the scrapes, never by them (contract O4)."""

import asyncio
import time
from typing import Final

from prometheus_client import Gauge
from sqlalchemy import func, select

from libs.common.availability import is_away
from libs.common.service import Service
from services.dex.models import DexEntry

total_dex_entries = Gauge("total_dex_entries", "Dex entries of all players.")
REST_SECONDS: Final = 5.0
REST_FACTOR: Final = 200
"""A count that takes long is made less often: it never takes more than half a percent of the time."""


async def keep_counting(service: Service) -> None:
    """Counts for as long as the service runs."""
    while True:
        started = time.monotonic()
        try:
            async with service.db.reading() as session:
                total_dex_entries.set(await session.scalar(select(func.count(DexEntry.id))) or 0)
        except Exception as error:
            # With the database away the last number stands.
            if not is_away(error):
                raise
        await asyncio.sleep(max(REST_SECONDS, REST_FACTOR * (time.monotonic() - started)))
