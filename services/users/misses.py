"""How often one may guess wrong: passwords by login name, friend codes by player (contract G7).

Counted in this service's own database: without it nobody could sign in anyway, so the limits fail closed.
"""

import hmac
from datetime import timedelta

from sqlalchemy import case, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.errors import Throttled
from libs.common.values import now
from services.users.models import Miss
from services.users.settings import UsersSettings

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class MissLimit:
    """At most `times` misses of one kind within `seconds` of the first; None: as many as one likes."""

    def __init__(self, kind: str, settings: UsersSettings, times: int | None, seconds: int) -> None:
        self._kind = kind
        self._secret = settings.secret_key.get_secret_value().encode()
        self._times = times
        self._window = timedelta(seconds=seconds)

    async def check(self, session: AsyncSession, who: str) -> None:
        """Raises:
        Throttled: `who` has missed too often; 429 until the window has passed.
        """
        if self._times is None:
            return
        query = select(Miss.ends_at).where(Miss.key == self._key(who), Miss.times >= self._times, Miss.ends_at > now())
        if (ends_at := await session.scalar(query)) is not None:
            raise Throttled((ends_at - now()).total_seconds())

    async def count(self, session: AsyncSession, who: str) -> None:
        """Notes a miss of `who`; the first after a window has passed opens a new one."""
        began = now()
        first = insert(Miss).values(key=self._key(who), times=1, ends_at=began + self._window)
        is_over = Miss.ends_at <= began
        again = {
            "times": case((is_over, 1), else_=Miss.times + 1),
            "ends_at": case((is_over, first.excluded.ends_at), else_=Miss.ends_at),
        }
        await session.execute(first.on_conflict_do_update(index_elements=[Miss.key], set_=again))

    async def forget(self, session: AsyncSession, who: str) -> None:
        """A success: `who` starts anew."""
        await session.execute(delete(Miss).where(Miss.key == self._key(who)))

    def _key(self, who: str) -> bytes:
        return hmac.digest(self._secret, f"{self._kind}:{who}".encode(), "sha256")


def login_failures(settings: UsersSettings) -> MissLimit:
    """Wrong passwords by login name, whether or not such an account exists."""
    return MissLimit("login", settings, settings.login_failure_limit, settings.login_failure_window_seconds)


def friend_code_misses(settings: UsersSettings) -> MissLimit:
    """Friend codes that nobody has, by the player who tries them."""
    times, _, period = settings.throttle_friend_code_rate.partition("/")
    return MissLimit("friend code", settings, None if times == "off" else int(times), SECONDS[period[:1] or "h"])
