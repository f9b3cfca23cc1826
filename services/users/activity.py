"""How many players are here, for the metrics (contract O4)."""

import asyncio
from datetime import timedelta

from prometheus_client import Gauge
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.service import Service
from libs.common.values import now
from services.users.models import User

RECENTLY = timedelta(minutes=5)
REFRESH_SECONDS = 5.0

active_users = Gauge("active_users", "Users whose last login is at most five minutes ago.")


async def watch_activity(service: Service) -> None:
    """Counts every few seconds, by an index, so that a scrape asks the database nothing."""
    while True:
        async with service.db.reading() as session:
            active_users.set(await count_active(session))
        await asyncio.sleep(REFRESH_SECONDS)


async def count_active(session: AsyncSession) -> int:
    """Users whose last login is at most five minutes ago."""
    return await session.scalar(select(func.count()).where(User.last_login >= now() - RECENTLY)) or 0
