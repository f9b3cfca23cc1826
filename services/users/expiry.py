"""What has expired is thrown away: refresh tokens that nobody can use, windows that have passed (contract T3, G7)."""

import asyncio

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.service import Service
from libs.common.values import now
from services.users.models import Miss, RefreshToken

EVERY_SECONDS = 3600.0
BATCH = 5000


async def purge_expired(service: Service) -> None:
    """Once an hour, in transactions that stay short however much has gathered."""
    while True:
        more = True
        while more:
            async with service.db.transaction() as session:
                more = await delete_expired(session)
        await asyncio.sleep(EVERY_SECONDS)


async def delete_expired(session: AsyncSession) -> bool:
    """Deletes a batch of each kind; tells whether there may be more."""
    tokens = select(RefreshToken.jti).where(RefreshToken.expires_at <= now()).limit(BATCH)
    gone_tokens = await session.scalars(
        delete(RefreshToken).where(RefreshToken.jti.in_(tokens)).returning(RefreshToken.jti)
    )
    misses = select(Miss.key).where(Miss.ends_at <= now()).limit(BATCH)
    gone_misses = await session.scalars(delete(Miss).where(Miss.key.in_(misses)).returning(Miss.key))
    return BATCH in (len(gone_tokens.all()), len(gone_misses.all()))
