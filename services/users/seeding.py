"""The test users of a mesh: somebody to play as, somebody to administer with, somebody with badges (contract M)."""

import secrets
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any, Final, Literal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.errors import Refusal
from services.users.accounts import erase, register
from services.users.friend_codes import new_friend_code
from services.users.models import User
from services.users.names import look
from services.users.schemas import Registration

Outcome = Literal["made", "made anew", "there already"]


class NotATestUser(Refusal):
    """The name belongs to a player: that account is nobody's to erase."""

    def __init__(self, username: str) -> None:
        super().__init__(f"{username} is somebody else: the e-mail address is not the test user's")


@dataclass(frozen=True, slots=True)
class KnownUser:
    """One of them. Password and friend code are known to everybody who has read the contract."""

    username: str
    known_password: str
    known_friend_code: str
    badges: tuple[str, ...]
    runs_the_place: bool = False

    @property
    def email(self) -> str:
        return f"{self.username}@example.com"

    @property
    def columns(self) -> dict[str, Any]:
        rights = {"is_staff": self.runs_the_place, "is_superuser": self.runs_the_place}
        return {"badges": list(self.badges), **rights}


TEST_USERS: Final = (
    KnownUser("testuser", "testpass123", "TEST0001", ("tester",)),
    KnownUser("admin", "adminpass123", "ADMIN001", ("admin", "tester"), runs_the_place=True),
    KnownUser("verified", "verifiedpass123", "VERIFY01", ("verified", "tester", "early_adopter")),
)


def new_password() -> str:
    """One that is known to nobody yet."""
    return secrets.token_urlsafe(15)


async def plant(
    session: AsyncSession, who: KnownUser, password: str, *, is_forced: bool = False, has_known_code: bool = False
) -> Outcome:
    """Registers a test user like any player; one who is there already is left alone, unless forced.

    Forced, the account is erased with all that belongs to it, here and (by the event) everywhere, and made anew.

    Raises:
        FieldErrors: the password is too weak.
        NotATestUser: a player was faster with the name.
    """
    there = await session.scalar(select(User).where(User.username_key == look(who.username)).with_for_update())
    if there is not None:
        if there.email != who.email:
            raise NotATestUser(who.username)
        if not is_forced:
            return "there already"
        await erase(session, there)
        session.expunge(there)
    wanted = Registration(username=who.username, email=who.email, password=password, password_confirm=password)
    # Should somebody have the known code, another one will do.
    codes = chain([who.known_friend_code] if has_known_code else [], iter(new_friend_code, None))
    await register(session, wanted, new_code=partial(next, codes), is_of_the_house=True, **who.columns)
    return "made anew" if there is not None else "made"
