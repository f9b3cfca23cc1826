"""What must hold of accounts besides what was told of them."""

from collections.abc import AsyncIterator
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.blobs import PUBLIC
from libs.common.recovery.audit import Asked, Audit, Finding, Named, Present, Surroundings
from libs.common.recovery.leftovers import doubled, left_behind
from services.users.models import Catch, RefreshToken, User

BATCH: Final = 500

audit = Audit()


@audit.asks
async def no_name_is_given_twice(session: AsyncSession, _surroundings: Surroundings) -> AsyncIterator[Finding]:
    """User name, e-mail address and friend code each belong to one account (contract U1)."""
    for natural in (User.username_key, User.email_key, User.friend_code):
        async for finding in doubled(session, User.id, natural):
            yield finding


@audit.asks_about("U4")
async def nothing_is_left_of_a_player(session: AsyncSession, _surroundings: Surroundings) -> AsyncIterator[Finding]:
    """Account, tokens and catches go (contract U4)."""
    for key, person in ((User.id, User.id), (RefreshToken.jti, RefreshToken.user_id), (Catch.id, Catch.owner_id)):
        async for finding in left_behind(session, key, person):
            yield finding


@audit.keeps_files
async def avatars(session: AsyncSession) -> AsyncIterator[Named]:
    """The avatar of every account (contract U8, B4)."""
    columns = select(User.id, User.avatar).where(User.avatar.contains(PUBLIC)).execution_options(yield_per=BATCH)
    async for row in await session.stream(columns):
        yield Named(PUBLIC + row.avatar.rpartition(f"/{PUBLIC}")[2], f"the avatar of {row.id}")


@audit.remembers("user")
async def accounts(session: AsyncSession, asked: Asked) -> AsyncIterator[Present]:
    """Accounts as their owners were told of them (contract U1, U3)."""
    columns = (User.id, User.username, User.email, User.friend_code, User.bio, User.location_precision)
    for row in await session.execute(select(*columns).where(User.id.in_(asked.ids))):
        yield Present(str(row.id), frozenset({str(row.id)}), {name: getattr(row, name) for name in row._fields[1:]})
