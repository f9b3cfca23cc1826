"""How many animals there are, for the metrics; counted now and then, never by a scrape (contract O4)."""

import asyncio
from typing import Final

from prometheus_client import Gauge
from sqlalchemy import func, select

from libs.common.service import Service
from services.animals.models import Animal

EVERY_SECONDS: Final = 30.0

total_animals = Gauge("total_animals", "Animals in the registry.")


async def count_animals(service: Service) -> None:
    """Background work of the service: keeps the gauge near the truth, whoever creates."""
    while True:
        async with service.db.reading() as session:
            total_animals.set(await session.scalar(select(func.count()).select_from(Animal)) or 0)
        await asyncio.sleep(EVERY_SECONDS)
