"""Signing in by user name or e-mail address (contract T2)."""

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.errors import NotAuthenticated, Throttled
from libs.common.values import now
from services.users import passwords, sessions_counted
from services.users.misses import MissLimit
from services.users.models import User
from services.users.names import fold, look


class WrongCredentials(NotAuthenticated):
    """One answer for an unknown name, a wrong password and an inactive account: none of them is told apart."""

    keeps = True

    def __init__(self) -> None:
        super().__init__("No active account found with the given credentials")


async def sign_in(session: AsyncSession, failures: MissLimit, name: str, password: str) -> User:
    """Whose name and password these are.

    Raises:
        WrongCredentials: nobody's; counted as a failure of that account.
        Throttled: too many failures of this account.
        Unavailable: too many passwords are being hashed.
    """
    key = fold(name)
    # Looked at within the turn: of guesses sent at once, only a few pass before the first of them is counted.
    async with passwords.turn():
        # The user name is tried first: it may look like the e-mail address of somebody else.
        is_named = User.username_key.in_([key, look(name)])
        query = select(User).where(or_(is_named, User.email_key == key))
        user = await session.scalar(query.order_by((User.username_key == key).desc(), is_named.desc()).limit(1))
        # Counted by account where there is one, so that its e-mail address gives no further guesses.
        account = user.username_key if user else key
        try:
            await failures.check(session, account)
        except Throttled:
            sessions_counted.logins.labels("throttled").inc()
            raise
        is_right = await passwords.matches(password, user.password_hash if user else None)
    if user is None or not is_right or not user.is_active:
        await failures.count(session, account)
        sessions_counted.logins.labels("refused").inc()
        raise WrongCredentials
    await failures.forget(session, account)
    # Nobody else needs to know: neither the version nor `updated_at` moves.
    user.last_login = now()
    sessions_counted.logins.labels("success").inc()
    return user
