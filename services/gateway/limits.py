"""How often who may ask (contract G7, G9): budgets for anonymous addresses, for users, and for their uploads."""

import time
from typing import Final

from limits import RateLimitItem, parse
from limits.aio.storage import Storage
from limits.aio.strategies import FixedWindowRateLimiter

from libs.common.errors import Throttled
from services.gateway import measures, routes
from services.gateway.addresses import budget_of
from services.gateway.exchange import Exchange
from services.gateway.settings import GatewaySettings

ANONYMOUS: Final = "anon"
USER: Final = "user"
UPLOAD: Final = "upload"
EDGE: Final = "edge"
EDGE_UPLOAD: Final = "edge-upload"

STRICT: Final = frozenset({ANONYMOUS, UPLOAD})
"""The small budgets, and those that attackers try: several gateways together keep them as one would."""


def rate(text: str) -> RateLimitItem | None:
    """`100/hour` and the like; None for `off`. Raises ValueError for anything else."""
    return None if text.strip().lower() == "off" else parse(text)


def rates(settings: GatewaySettings) -> dict[str, RateLimitItem]:
    """The budgets that are switched on, by kind."""
    texts = {
        ANONYMOUS: settings.throttle_anon_rate,
        USER: settings.throttle_user_rate,
        UPLOAD: settings.throttle_upload_rate,
        EDGE: settings.edge_request_rate,
        EDGE_UPLOAD: settings.edge_upload_rate,
    }
    return {kind: item for kind, text in texts.items() if (item := rate(text)) is not None}


def longest_window(settings: GatewaySettings) -> int:
    """Seconds after which no count matters any more."""
    return max((item.get_expiry() for item in rates(settings).values()), default=0)


class Budgets:
    """Counts requests and refuses those over budget."""

    def __init__(self, settings: GatewaySettings, storage: Storage) -> None:
        self._limiter = FixedWindowRateLimiter(storage)
        self._rates = rates(settings)

    async def count(self, exchange: Exchange) -> None:
        """Counts one request to the API.

        Raises:
            Throttled: 429 with `Retry-After`.
        """
        address = budget_of(exchange.client)
        is_upload = routes.is_upload(exchange.method, exchange.path, exchange.header(b"content-type").decode("latin-1"))
        await self._hit(EDGE_UPLOAD if is_upload else EDGE, address)
        if exchange.claims is None:
            await self._hit(ANONYMOUS, address)
            return
        user = str(exchange.claims.user_id)
        if exchange.method != "GET" or not routes.EXEMPT_FROM_USER_BUDGET.fullmatch(exchange.path):
            await self._hit(USER, user)
        if is_upload:
            await self._hit(UPLOAD, user)

    async def _hit(self, kind: str, who: str) -> None:
        budget = self._rates.get(kind)
        # Who has nothing left is refused without a word to the other gateways: a flood costs them nothing.
        if budget is None or (
            await self._limiter.test(budget, kind, who) and await self._limiter.hit(budget, kind, who)
        ):
            return
        measures.throttled.labels(kind).inc()
        resets_at, _ = await self._limiter.get_window_stats(budget, kind, who)
        raise Throttled(resets_at - time.time())
