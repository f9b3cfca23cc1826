"""What may be spent: a number of paid calls for each player, and a sum for all of them (hardening 2F 143).

Both are counted from the notes of the calls themselves, over the last 24 hours by the database's clock.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.errors import Throttled
from libs.common.logs import log
from services.vision import meters
from services.vision.models import ProviderCall
from services.vision.player_turns import take_turn
from services.vision.providers.offline import OfflineIdentifier
from services.vision.providers.openai import OpenAIProvider
from services.vision.settings import VisionSettings

WINDOW: Final = timedelta(hours=24)
PAID: Final = tuple(each.name for each in (OpenAIProvider, OfflineIdentifier) if each.is_paid)

# A job that has no answer yet will make a call, unless it is making one. The call that must grow old before another one
# is allowed is the newest but so many.
_CALLS_OF_PLAYER: Final = text("""
SELECT coming.count AS coming, now() AS moment, (
    SELECT started_at FROM provider_calls WHERE user_id = :player AND started_at > now() - CAST(:window AS interval)
    ORDER BY started_at DESC LIMIT 1 OFFSET greatest(CAST(:most AS bigint) - 1 - coming.count, 0)
) AS first_to_go
FROM (
    SELECT count(*) FROM analysis_jobs AS jobs
    WHERE user_id = :player AND completed_at IS NULL AND cv_method = ANY(:paid) AND raw_response IS NULL
        AND NOT EXISTS (SELECT FROM provider_calls WHERE job_id = jobs.id AND finished_at IS NULL)
) AS coming
""")


class BudgetExhausted(Exception):
    """`CV_DAILY_BUDGET_USD` is spent: no further call now."""


async def check_calls_of_player(session: AsyncSession, settings: VisionSettings, user_id: UUID, method: str) -> None:
    """Whether one more job of `method` may begin for this player; nobody else begins one for them until the commit.

    Raises:
        Throttled: with the jobs that wait, `CV_DAILY_CALLS_PER_USER` would be exceeded.
    """
    if method in PAID and settings.cv_daily_calls_per_user:
        await take_turn(session, user_id)
        await look_at_calls_of_player(session, settings, user_id, method)


async def look_at_calls_of_player(session: AsyncSession, settings: VisionSettings, user_id: UUID, method: str) -> None:
    """As `check_calls_of_player`, for a first look that changes nothing: others may begin jobs meanwhile."""
    most = settings.cv_daily_calls_per_user
    if method not in PAID or not most:
        return
    values = {"player": user_id, "most": most, "window": WINDOW, "paid": list(PAID)}
    found = (await session.execute(_CALLS_OF_PLAYER, values)).one()
    if found.coming >= most:
        raise Throttled(WINDOW.total_seconds())
    if found.first_to_go is not None:
        raise Throttled(_seconds_until_gone(found.first_to_go, found.moment))


def _seconds_until_gone(started_at: datetime, moment: datetime) -> float:
    return (started_at + WINDOW - moment).total_seconds()


async def check_budget(session: AsyncSession, settings: VisionSettings) -> None:
    """Whether one more call may be made for anybody. Calls that are under way cost nothing yet: they may go over it.

    Raises:
        BudgetExhausted
    """
    if await is_exhausted(session, settings):
        raise BudgetExhausted


async def is_exhausted(session: AsyncSession, settings: VisionSettings) -> bool:
    """Whether the budget of all is spent. What this process finds out is told once, and shown by the metrics."""
    budget = settings.cv_daily_budget_usd
    if not budget:
        return False
    cost = await spent(session)
    _notice.tell(cost, budget)
    return cost >= budget


async def spent(session: AsyncSession) -> Decimal:
    """What calls have cost in the last 24 hours, for everybody."""
    cost = select(func.coalesce(func.sum(ProviderCall.cost_usd), 0))
    return await session.scalar(cost.where(ProviderCall.started_at > func.now() - WINDOW)) or Decimal(0)


class _Notice:
    """What was told last, so that it is not told again with every job."""

    def __init__(self) -> None:
        self._is_exhausted = False

    def tell(self, spent: Decimal, budget: Decimal) -> None:
        is_exhausted = spent >= budget
        meters.budget_exhausted.set(is_exhausted)
        if is_exhausted and not self._is_exhausted:
            log.warning("provider.budget_exhausted", spent_usd=str(spent), budget_usd=str(budget))
        self._is_exhausted = is_exhausted


_notice = _Notice()
