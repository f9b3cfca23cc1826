"""Names that are given twice, what is left of players, and accounts that are not as told are found."""

import pytest
from sqlalchemy import select

from libs.common.tests.auditing import GONE, asked, files_of, history, told
from services.users.audit import audit
from services.users.models import RefreshToken

AVATAR = "http://testserver/media/ab/abc.png"


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        ((), []),
        (
            ("ALTER TABLE users DROP CONSTRAINT uq_users_friend_code", "UPDATE users SET friend_code = 'AAAAAAAA'"),
            [("I3", "{twins}")],
        ),
        (
            ("ALTER TABLE users DROP CONSTRAINT uq_users_email_key", "UPDATE users SET email_key = 'a@example.com'"),
            [("I3", "{twins}")],
        ),
        ((GONE,), [("U4", "users/{ada}"), ("U4", "refresh_tokens/{token}")]),
    ],
)
async def test_each_damage_is_found(join, db, damage, expected):
    ada, ben = await join("Ada"), await join("Ben")
    async with db.reading() as session:
        token = await session.scalar(select(RefreshToken.jti).where(RefreshToken.user_id == ada.id))
    names = {"twins": "twice/" + ", ".join(sorted((str(ada.id), str(ben.id)))), "ada": ada.id, "token": token}
    found = await asked(db, audit, *damage, gone=ada.id)
    assert found == [(invariant, key.format(**names)) for invariant, key in expected]


async def test_accounts_are_as_their_owners_were_told(join, client, db):
    ada = await join("Ada")
    came = told("user.registered", ada.id, ada.id, username="Ada")
    wrong = [("I9", f"user/{ada.id}")]
    assert await asked(db, audit, surroundings=history(came)) == []
    for line in (told("user.updated", ada.id, ada.id, at=2, bio="Sees owls."), told("user.deleted", ada.id, at=2)):
        assert await asked(db, audit, surroundings=history(came, line)) == wrong
    await client.delete("/api/v1/users/me/", headers=ada.headers)
    assert await asked(db, audit, surroundings=history(came)) == wrong
    assert await asked(db, audit, surroundings=history(came, told("user.deleted?", ada.id, at=2))) == []


async def test_an_avatar_is_named(join, db):
    ada = await join("Ada", avatar=AVATAR)
    await join("Ben")
    (named,) = await files_of(db, audit)
    assert named.key == "media/ab/abc.png"
    assert str(ada.id) in named.by
