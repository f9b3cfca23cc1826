"""Friend codes: eight letters and digits that one player gives another (contract U1, U5, U6)."""

import secrets
from string import ascii_uppercase, digits

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.errors import Refusal
from services.users.misses import MissLimit
from services.users.models import User

ALPHABET = ascii_uppercase + digits
LENGTH = 8


def new_friend_code() -> str:
    """A code that cannot be guessed; that nobody has it yet is for the database to say."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


class UnknownFriendCode(Refusal):
    sentence = "No user found with this friend code"
    status = 404
    keeps = True


async def find_by_friend_code(session: AsyncSession, misses: MissLimit, asker: User, code: str) -> User:
    """Whose code this is.

    Raises:
        UnknownFriendCode: nobody's; counted as a miss of `asker`.
        Throttled: the asker has missed too often, so that codes cannot be tried one by one.
    """
    await misses.check(session, str(asker.id))
    found = await session.scalar(select(User).where(User.friend_code == code.upper()))
    if found is None:
        await misses.count(session, str(asker.id))
        raise UnknownFriendCode
    return found
