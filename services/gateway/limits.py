"""How often who may ask (contract G7): budgets for anonymous addresses, for users, and for their uploads."""

import time

from limits import RateLimitItem, parse
from limits.aio.storage import Storage
from limits.aio.strategies import FixedWindowRateLimiter

from libs.common.errors import Throttled
from services.gateway import routes
from services.gateway.addresses import budget_of
from services.gateway.exchange import Exchange
from services.gateway.settings import GatewaySettings


def rate(text: str) -> RateLimitItem | None:
    """`100/hour` and the like; None for `off`. Raises ValueError for anything else."""
    return None if text.strip().lower() == "off" else parse(text)


class Budgets:
    """Counts requests and refuses those over budget."""

    def __init__(self, settings: GatewaySettings, storage: Storage) -> None:
        self._limiter = FixedWindowRateLimiter(storage)
        self._anonymous = rate(settings.throttle_anon_rate)
        self._user = rate(settings.throttle_user_rate)
        self._upload = rate(settings.throttle_upload_rate)

    async def count(self, exchange: Exchange) -> None:
        """Counts one request to the API.

        Raises:
            Throttled: 429 with `Retry-After`.
        """
        if exchange.claims is None:
            await self._hit(self._anonymous, "anon", budget_of(exchange.client))
            return
        user = str(exchange.claims.user_id)
        if exchange.method != "GET" or not routes.EXEMPT_FROM_USER_BUDGET.fullmatch(exchange.path):
            await self._hit(self._user, "user", user)
        if routes.is_upload(exchange.method, exchange.path, exchange.header(b"content-type").decode("latin-1")):
            await self._hit(self._upload, "upload", user)

    async def _hit(self, budget: RateLimitItem | None, kind: str, who: str) -> None:
        if budget is None or await self._limiter.hit(budget, kind, who):
            return
        resets_at, _ = await self._limiter.get_window_stats(budget, kind, who)
        raise Throttled(resets_at - time.time())
