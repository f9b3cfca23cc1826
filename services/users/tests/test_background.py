"""What runs beside the requests: counting who is here, throwing away what has expired."""

from datetime import timedelta
from uuid import UUID

import jwt
from sqlalchemy import select, update

from libs.common.values import now
from services.users.activity import count_active
from services.users.expiry import delete_expired
from services.users.models import Miss, RefreshToken, User


async def test_a_player_is_active_for_five_minutes_after_the_login(join, db):
    ada = await join("Ada")
    await join("Bob")
    async with db.transaction() as session:
        assert await count_active(session) == 2
        long_ago = now() - timedelta(minutes=5, seconds=1)
        await session.execute(update(User).where(User.id == ada.id).values(last_login=long_ago))
        assert await count_active(session) == 1


async def test_what_has_expired_goes_and_the_rest_stays(client, join, db):
    ada, bob = await join("Ada"), await join("Bob")
    for name in ("Ada", "Bob"):
        await client.post("/api/v1/auth/login/", json={"username": name, "password": "wrong"})
    async with db.transaction() as session:
        kept = await session.scalar(select(Miss.key).limit(1))
        await session.execute(update(Miss).where(Miss.key != kept).values(ends_at=now()))
        await session.execute(update(RefreshToken).where(RefreshToken.user_id == ada.id).values(expires_at=now()))
    async with db.transaction() as session:
        assert await delete_expired(session) is False
    claims = jwt.decode(bob.refresh, options={"verify_signature": False})
    async with db.reading() as session:
        assert (await session.scalars(select(RefreshToken.jti))).all() == [UUID(claims["jti"])]
        assert (await session.scalars(select(Miss.key))).all() == [kept]
